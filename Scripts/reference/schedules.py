"""Factors of learning-rate schedules by PyTorch 2.13 for Tests/TrainingTests/Data/schedules.csv.

One line for each: name, options, steps of the run, then the factor of every step. Losses of the
plateau are those of `loss` below.

Usage: python schedules.py > schedules.csv
"""
import math

import torch
from torch.optim import lr_scheduler as lr


def loss(step):
    return 1 / (1 + min(step, 37)) + 0.01 * math.sin(step)


def factors(make, steps, observes=False):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule = make(optimizer)
    seen = []
    for step in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if observes:
            # Windows of 4 steps.
            if step % 4 == 3:
                schedule.step(sum(loss(s) for s in range(step - 3, step + 1)) / 4)
        else:
            schedule.step()
    return seen


CASES = [
    ("step", "every=7;factor=0.3", 30, lambda o: lr.StepLR(o, 7, 0.3)),
    ("exponential", "decay=0.93", 30, lambda o: lr.ExponentialLR(o, 0.93)),
    ("linear", "start=0.2;end=1.5", 30, 
     lambda o: lr.LambdaLR(o, lambda t: 0.2 + 1.3 * min(t, 30) / 30)),
    ("linear", "start=0.25;end=1", 30, lambda o: lr.LinearLR(o, 0.25, 1.0, 30)),
    ("polynomial", "power=2.5", 30, lambda o: lr.PolynomialLR(o, 30, 2.5)),
    ("cosine", "floor=0.1", 30, lambda o: lr.CosineAnnealingLR(o, 30, 0.1)),
    ("cosine", "period=7;growth=1", 40, lambda o: lr.CosineAnnealingWarmRestarts(o, 7)),
    ("cosine", "period=5;growth=2;floor=0.05", 40,
     lambda o: lr.CosineAnnealingWarmRestarts(o, 5, 2, 0.05)),
    ("one_cycle", "", 40, lambda o: lr.OneCycleLR(o, 1.0, total_steps=40)),
    ("one_cycle", "rise=0.5;start_divisor=10;end_divisor=100", 41,
     lambda o: lr.OneCycleLR(o, 1.0, total_steps=41, pct_start=0.5, div_factor=10,
                             final_div_factor=100)),
    ("plateau", "window=4;patience=2;factor=0.5;cooldown=1;floor=0.1;threshold=0.01", 120,
     lambda o: lr.ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=0.01, cooldown=1,
                                    min_lr=0.1, eps=0)),
]

for name, options, steps, make in CASES:
    # A scheduler of 41 steps may not be asked for a 42nd.
    values = factors(make, steps - (name == "one_cycle"), name == "plateau")
    print(",".join([name, options, str(steps)] + [repr(v) for v in values]))
