#!/usr/bin/env python3
"""Coefficients of Sources/CKernels/singles.h and doubles.h: near-minimax polynomials by mpmath.

Each is printed lowest power first, with the greatest absolute error on its interval.
"""

from mpmath import chebyfit, erfc, exp, log, mp, mpf, nstr, sqrt, tanh

mp.dps = 40


def show(name, function, low, high, count):
    coefficients, error = chebyfit(function, [low, high], count, error=True)
    print(f"{name}: error {nstr(error, 3)}")
    for coefficient in reversed(coefficients):
        print("   ", nstr(coefficient, 17))


def exp_tail(r):
    return (exp(r) - 1 - r) / r**2 if abs(r) > mpf(10) ** -8 else mpf(1) / 2 + r / 6 + r * r / 24


def tanh_tail(t):
    return (tanh(sqrt(t)) / sqrt(t) - 1) / t if t > mpf(10) ** -12 else -mpf(1) / 3 + 2 * t / 15


def scaled_erfc(u):
    x = 3 * (1 + u) / (1 - u)
    return exp(x * x) * erfc(x)


HALF = log(2) / 2 * mpf("1.001")
show("(e^r - 1 - r)/r^2, singles.h", exp_tail, -HALF, HALF, 5)
show("(tanh x/x - 1)/x^2 in x^2, singles.h", tanh_tail, mpf(0), mpf("0.55") ** 2, 6)
show("e^r, doubles.h", exp, -HALF, HALF, 8)
show("e^(x^2) erfc(x) in (x - 3)/(x + 3), doubles.h", scaled_erfc, mpf(-1), mpf(12) / 18, 14)
