#!/usr/bin/env python3
"""Coefficients of Sources/CKernels/singles.h: minimax polynomials by Remez' exchange.

Each polynomial is printed lowest power first, with the exponent of 2 of its greatest weighted error
before and after its coefficients are rounded to single precision. Weights turn the error into one
relative to the function that the polynomial is part of.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 30
NODES = 2000


def exchange(values, weights, x, powers):
    """The best coefficients of `powers` at the nodes x, and the greatest weighted error."""
    count = len(powers)
    basis = np.stack([x**p for p in powers], 1) * weights[:, None]
    scale = np.abs(basis).max(0)
    basis, target = basis / scale, values * weights
    signs = (-1.0) ** np.arange(count + 1)
    places = (1 - np.cos(np.pi * (np.arange(count + 1) + 0.5) / (count + 1))) / 2
    chosen = np.round(places * (len(x) - 1)).astype(int)
    best = (np.inf, None)
    for _ in range(100):
        system = np.concatenate([basis[chosen], signs[:, None]], 1)
        solution = np.linalg.lstsq(system, target[chosen], rcond=None)[0][:-1]
        error = target - basis @ solution
        if np.abs(error).max() < best[0]:
            best = (np.abs(error).max(), solution / scale)
        # The greatest error between any two changes of its sign.
        changes = np.flatnonzero(np.diff(np.sign(error)) != 0) + 1
        pieces = np.split(np.arange(len(error)), changes)
        peaks = [piece[np.argmax(np.abs(error[piece]))] for piece in pieces]
        while len(peaks) > count + 1:
            size = np.abs(error[peaks])
            if len(peaks) == count + 2:
                del peaks[0 if size[0] < size[-1] else -1]
            else:
                least = np.argmin(np.maximum(size[:-1], size[1:]))
                del peaks[least : least + 2]
        if len(peaks) < count + 1 or list(peaks) == list(chosen):
            break
        chosen = np.array(peaks)
    return best


def show(name, function, low, high, count, weight=lambda x: 1):
    """Rounds up to three leading coefficients before the others are fitted, whichever is best."""
    x = (low + high) / 2 - (high - low) / 2 * np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    values = np.array([float(function(mp.mpf(v))) for v in x])
    weights = np.array([float(weight(mp.mpf(v))) for v in x])
    ideal, best = None, (np.inf, None)
    for fixed in range(min(4, count)):
        rounded, rest = [], values.copy()
        for power in range(fixed):
            first = exchange(rest, weights, x, range(power, count))[1][0]
            rounded.append(float(np.float32(first)))
            rest -= rounded[-1] * x**power
        error, others = exchange(rest, weights, x, range(fixed, count))
        ideal = ideal or error
        rounded += [float(np.float32(c)) for c in others]
        error = np.abs((values - sum(c * x**p for p, c in enumerate(rounded))) * weights).max()
        best = min(best, (error, rounded))
    print(f"{name}: 2^{np.log2(ideal):.1f}, rounded 2^{np.log2(best[0]):.1f}")
    print("   ", " ".join(f"{c:.9g}" for c in best[1]))


def series(function, limit):
    """A function that is 0/0 at 0, where its limit stands in."""
    return lambda x: function(x) if abs(x) > mp.mpf(10) ** -9 else mp.mpf(limit)


HALF = float(mp.log(2) / 2) * 1.0005
LOG_REACH = float((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * 1.001
CENTRE = 380 / 1024
SMALL = mp.mpf(10) ** -4

show(
    "(e^r - 1 - r)/r^2", series(lambda r: (mp.exp(r) - 1 - r) / r**2, 0.5), -HALF, HALF, 5,
    lambda r: max(r * r, SMALL),
)
show(
    "(tanh x/x - 1)/x^2 in x^2",
    series(lambda t: (mp.tanh(mp.sqrt(t)) / mp.sqrt(t) - 1) / t, -mp.mpf(1) / 3), 0, 0.55**2, 5,
    lambda t: max(t, SMALL),
)
show(
    "erf x/x - 1 in x^2",
    series(lambda t: mp.erf(mp.sqrt(t)) / mp.sqrt(t) - 1, 2 / mp.sqrt(mp.pi) - 1), 0, 1, 7,
)
show(
    "-ln erfc x", lambda x: -mp.log(mp.erfc(x)), 1, 4, 7, lambda x: mp.erfc(x) / mp.erf(x)
)


def normal_tail(u):
    v = u + CENTRE
    t = 4 * v / (1 - v)
    return mp.erfc(t / mp.sqrt(2)) * mp.exp(t * t / 2) / 2 * (t + 4)


show(
    f"e^(t^2/2) Phi(-t) (t + 4) in t/(t + 4) - {CENTRE}", normal_tail, -CENTRE,
    14.6 / 18.6 - CENTRE, 11, lambda u: 1 / normal_tail(u),
)
show(
    "(2 artanh s/s - 2)/s^2 in s^2",
    series(lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, mp.mpf(2) / 3), 0, LOG_REACH,
    3, lambda z: max(z, SMALL),
)
show(
    "(2 artanh(s/2)/s - 1)/s^2 in s^2",
    series(lambda z: (2 * mp.atanh(mp.sqrt(z) / 2) / mp.sqrt(z) - 1) / z, mp.mpf(1) / 12), 0, 4 / 9,
    4, lambda z: max(z, SMALL),
)
