"""Writes Tests/NumbersTests/Data/normal_quantiles.csv: quantiles of the normal law at 40 digits."""
from mpmath import erfc, findroot, log, mp, mpf, nstr, pi, sqrt

mp.dps = 40
PROBABILITIES = [
    5e-324, 1e-300, 1e-100, 1e-40, 1e-20, 2**-53, 1e-15, 1e-12, 1e-10, 1.4e-11, 1.3e-11, 1e-8,
    1e-6, 1e-4, 1e-3, 0.01, 0.02425, 0.05, 0.074, 0.075, 0.076, 0.1, 0.2, 0.3, 0.4, 0.45, 0.49,
    0.4999, 0.499999999,
]

print("p,quantile")
for p in PROBABILITIES:
    exact = mpf(p)
    if p < 0.2:
        r = sqrt(-2 * log(exact))
        start = -(r - (log(r * r) + log(2 * pi)) / (2 * r)) if p < 1e-3 else mpf(-1.5)
        x = findroot(lambda t: log(erfc(-t / sqrt(2)) / 2) - log(exact), start)
    else:
        x = findroot(lambda t: erfc(-t / sqrt(2)) / 2 - exact, mpf(-0.2))
    print(f"{p!r},{nstr(x, 20)}")
