# The commands that people run: make demo, make test, make bench.

BUILD_FLAGS = -c release --explicit-target-dependency-import-check error
PACKAGES = libdnnl-dev libopenblas-dev libsqlite3-dev
PEER = .build/peers/bin/python

.PHONY: demo install test bench build tools exhaustive coverage gauntlet gallery conformance \
  gradients selecting trained frameworks models soundness fuzz repairs rewrites cases hazards \
  architectures predictions

# Builds the command and runs the main job on a bundled network; 1 says that it found an error.
demo: build
	.build/release/evenkeel check Examples/sigmoid-50.yaml || [ $$? -eq 1 ]
	@echo
	@echo "The command is $(CURDIR)/.build/release/evenkeel; 'make install' puts it on the path."

PREFIX ?= /usr/local
DESTDIR ?=
COMMAND = .build/release/evenkeel
VERBS = check run train diagnose repair export theory

# Puts the command, completions for bash, zsh and fish, and man pages where they belong below PREFIX.
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(COMMAND) $(DESTDIR)$(PREFIX)/bin/evenkeel
	$(COMMAND) --generate-completion-script bash \
	  >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/evenkeel
	$(COMMAND) --generate-completion-script zsh \
	  >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_evenkeel
	$(COMMAND) --generate-completion-script fish \
	  >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/evenkeel.fish
	Scripts/write-manual $(COMMAND) >$(DESTDIR)$(PREFIX)/share/man/man1/evenkeel.1
	for verb in $(VERBS); do Scripts/write-manual $(COMMAND) $$verb \
	  >$(DESTDIR)$(PREFIX)/share/man/man1/evenkeel-$$verb.1 || exit 1; done

test: tools
	Scripts/check

# Runs the small inputs of Tests/CasesTests, each with its right answer, and prints how many are right.
cases: tools
	EVENKEEL_CASES= swift test -c release -Xswiftc -enable-testing --filter CasesTests

# Rounds all 2^32 numbers of fp32 to every format in both ways, about 25 minutes, and computes
# elementary functions of all of them.
exhaustive: tools
	EVENKEEL_EXHAUSTIVE=1 swift test -c release -Xswiftc -enable-testing --filter exhaustively

# Measures what users wait for, the cost per layer of a check at 10,000 layers against 100, and training
# steps against PyTorch's, for which it makes an environment of its own unless PEER names a Python
# that has torch. About an hour and a half.
bench: build $(PEER)
	python3 Benchmarks/commands.py .build/release/evenkeel .build/release/StepBench
	python3 Benchmarks/scaling.py .build/release/evenkeel
	python3 Benchmarks/steps.py .build/release/StepBench $(PEER) --json .build/steps.json

.build/peers/bin/python:
	python3 -m venv .build/peers
	.build/peers/bin/pip install --quiet torch==2.13.0 numpy

# Diagnoses and repairs all set-ups of Examples/troubles with ten seeds, and counts what is right: about
# an hour on two cores.
gauntlet: build
	python3 Benchmarks/gauntlet.py .build/release/evenkeel --seeds 10

# Trains the networks of Examples/gallery, 10,000 layers deep among them: about a quarter of an hour.
gallery: build
	python3 Benchmarks/gallery.py .build/release/evenkeel

# Runs the backend test cases of ONNX, and every version of every operator, in a Python environment
# of its own: about four minutes.
conformance: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/conformance.py .build/release/evenkeel
	.build/onnx/bin/python Benchmarks/versions.py .build/release/evenkeel

# Compares gradients of networks that PyTorch exports with PyTorch's own: about five minutes.
gradients: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/gradients.py .build/release/evenkeel

# Compares gradients where functions select, have a kink or a pole with PyTorch's: about three minutes.
selecting: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/selecting.py .build/release/evenkeel

# Runs and checks trained models that packages of PyPI ship, against ONNX Runtime: about three minutes.
trained: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/trained.py .build/release/evenkeel --folder .build/trained

# Runs the exports of PyTorch, JAX and Keras and the commands of docs/from-pytorch.md, as they stand.
frameworks: build .build/onnx/ready .build/jax/ready
	.build/onnx/bin/python Benchmarks/frameworks.py .build/release/evenkeel .build/onnx/bin/python \
	  .build/jax/bin/python

.build/jax/ready: Makefile
	python3 -m venv .build/jax
	.build/jax/bin/pip install --quiet jax==0.10.2 flax==0.12.8 jax2onnx==0.17.1
	touch $@

# Checks models of real size against bare passes of PyTorch: about five minutes.
models: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/models.py .build/release/evenkeel .build/onnx/bin/python

# Holds bounds of the backend test cases of ONNX and of their gradients against runs in doubles: about
# four minutes.
soundness: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/soundness.py .build/release/evenkeel .build/release/BoundsBench

# Counts which static defects of many kinds are found and repaired, and which healthy twins are left
# alone: about two minutes.
hazards: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/hazards.py .build/release/evenkeel --repair

# Repairs broken ONNX models of many kinds, and holds what is written against ONNX's checker and ONNX
# Runtime, in a Python environment of its own: about three minutes.
repairs: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/repaired_models.py .build/release/evenkeel

# Reads the models of ONNX's backend test cases, writes them unchanged and compares both: about a minute.
rewrites: tools .build/onnx/ready
	.build/onnx/bin/python Benchmarks/written_models.py prepare .build/models
	EVENKEEL_MODELS=.build/models swift test -c release -Xswiftc -enable-testing \
	  --filter modelsOfAFolder
	.build/onnx/bin/python Benchmarks/written_models.py compare .build/models

.build/onnx/ready: Makefile
	python3 -m venv .build/onnx
	.build/onnx/bin/pip install --quiet torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 \
	  onnxscript==0.7.2 safetensors keras==3.15.1 numpy ml_dtypes
	touch $@

# Makes real architectures of torchvision, timm and transformers with their libraries' own starts, trains each
# for 20 steps in PyTorch and checks it for training and for inference: about an hour.
architectures: build .build/architectures/ready
	.build/architectures/bin/python Benchmarks/real_architectures.py .build/release/evenkeel \
	  .build/architectures/models

.build/architectures/ready: Makefile
	python3 -m venv .build/architectures
	.build/architectures/bin/pip install --quiet torch==2.13.0 torchvision==0.28.0 timm==1.0.31 \
	  transformers==5.24.0 onnx==1.23.2 onnxscript==0.7.2 safetensors==0.8.0 numpy
	touch $@

# Gives every reader broken files, and valid ones with extreme numbers, for an hour and with 2 GB of
# address space: each must be read or refused in a line. The tests do the same for a minute.
fuzz: tools
	EVENKEEL_FUZZ_SECONDS=3600 EVENKEEL_FUZZ_SEED=$$(date +%s) swift test -c release \
	  -Xswiftc -enable-testing --filter FuzzTests

# Draws small networks of every kind and prints how many measured second moments lie in their band;
# then the same up to width 1024, and of other architectures: about 6 minutes.
coverage: build
	.build/release/CoverageBench --networks 16 --draws 6
	EVENKEEL_LONG=1 swift test -c release -Xswiftc -enable-testing --filter CoverageTests

# Counts the layers of today's networks, as PyTorch exports them, that have a prediction, and those
# measured in their band: about five minutes.
predictions: build .build/onnx/ready
	.build/onnx/bin/python Benchmarks/predictions.py .build/release/evenkeel

build: tools
	swift build $(BUILD_FLAGS)

# Installs the Debian packages that are missing; elsewhere they are the user's to install.
tools:
	@if command -v dpkg-query >/dev/null; then \
	  missing=$$(for p in $(PACKAGES); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	  if [ -n "$$missing" ]; then \
	    sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $$missing; \
	  fi; \
	fi
