# The commands that people run: make demo, make test, make bench.

BUILD_FLAGS = -c release --explicit-target-dependency-import-check error
PACKAGES = libdnnl-dev libopenblas-dev

.PHONY: test build tools exhaustive

test: tools
	Scripts/check

# Rounds all 2^32 numbers of fp32 to every format in both ways: about 25 minutes.
exhaustive: tools
	EVENKEEL_EXHAUSTIVE=1 swift test -c release -Xswiftc -enable-testing --filter exhaustively

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
