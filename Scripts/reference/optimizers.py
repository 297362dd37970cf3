"""Weights after steps of PyTorch 2.13's optimisers for Tests/TrainingTests/Data/optimizers.csv.

Two tensors of 5 and 3 numbers in double precision. The gradient of number i in step t is
0.3 w + size sin(1.7 i + 0.9 t) with sizes 1, 1e-3 and 10 in turn; some gradients are 0. One line
for each case and step: name, options, step, weights.

Usage: python optimizers.py > optimizers.csv
"""
import math

import torch

COUNTS = (5, 3)


def start(i):
    return math.cos(0.8 * i) * (1 + i)


def gradient(w, i, t):
    if i == 4 and t % 3 == 1:
        return 0.0
    return 0.3 * w + [1, 1e-3, 10][i % 3] * math.sin(1.7 * i + 0.9 * t)


def torch_options(name, options):
    names = {"learning_rate": "lr", "epsilon": "eps", "initial_accumulator":
             "initial_accumulator_value"}
    flags = ("nesterov", "centered", "amsgrad")
    result = {}
    for key, value in options.items():
        if key in ("beta1", "beta2"):
            continue
        result[names.get(key, key)] = bool(value) if key in flags else value
    if "beta1" in options:
        result["betas"] = (options["beta1"], options["beta2"])
    return result


CASES = [
    ("sgd", {"learning_rate": 0.1}),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01}),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.8, "dampening": 0.3}),
    ("sgd", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": 1, "weight_decay": 0.1}),
    ("rmsprop", {"learning_rate": 0.01}),
    ("rmsprop", {"learning_rate": 0.02, "alpha": 0.9, "momentum": 0.7, "weight_decay": 0.02}),
    ("rmsprop", {"learning_rate": 0.02, "alpha": 0.95, "centered": 1, "epsilon": 1e-4,
                 "momentum": 0.5}),
    ("adagrad", {"learning_rate": 0.1}),
    ("adagrad", {"learning_rate": 0.3, "lr_decay": 0.05, "initial_accumulator": 0.2,
                 "weight_decay": 0.03, "epsilon": 1e-6}),
    ("adam", {"learning_rate": 0.01}),
    ("adam", {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3,
              "weight_decay": 0.05}),
    ("adam", {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.9, "amsgrad": 1}),
    ("adamw", {"learning_rate": 0.1}),
    ("adamw", {"learning_rate": 0.05, "weight_decay": 0.3, "amsgrad": 1, "beta1": 0.7,
               "beta2": 0.9}),
    ("adamax", {"learning_rate": 0.05}),
    ("adamax", {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.1}),
    ("adadelta", {}),
    ("adadelta", {"learning_rate": 0.7, "rho": 0.8, "epsilon": 1e-4, "weight_decay": 0.02}),
]
MAKERS = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad,
          "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adamax": torch.optim.Adamax,
          "adadelta": torch.optim.Adadelta}

for name, options in CASES:
    places = [list(range(sum(COUNTS[:k]), sum(COUNTS[:k + 1]))) for k in range(len(COUNTS))]
    weights = [torch.nn.Parameter(torch.tensor([start(i) for i in p], dtype=torch.float64))
               for p in places]
    optimizer = MAKERS[name](weights, **torch_options(name, options))
    text = ";".join(f"{k}={v!r}" for k, v in options.items())
    for t in range(25):
        for w, p in zip(weights, places):
            w.grad = torch.tensor([gradient(float(x), i, t) for x, i in zip(w.detach(), p)],
                                  dtype=torch.float64)
        optimizer.step()
        if t in (0, 1, 2, 5, 11, 24):
            print(",".join([name, text, str(t)] + [repr(x) for w in weights for x in w.tolist()]))
