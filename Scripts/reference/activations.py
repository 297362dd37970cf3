"""Reference values of activations, their Gaussian moments and special functions, by mpmath.

Run in the repository root: python3 Scripts/reference/activations.py
"""

from mpmath import (mp, mpf, exp, log, tanh, erf, erfc, erfinv, sqrt, pi, sin, cos, ncdf, npdf, quad,
                    psi, findroot)

mp.dps = 30
half = mpf(1) / 2


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return log(1 + exp(x)) if x < 60 else x + exp(-x)


def elu(x, a):
    return x if x > 0 else a * mp.expm1(x)


# Klambauer et al. 2017, to 40 digits.
LAMBDA = mpf("1.050700987355480493419334985294606351959")
ALPHA = mpf("1.673263242354377284817042991671652038461")

# name: (function, kinks of the function or a derivative)
ACTIVATIONS = {
    "linear": (lambda x: x, []),
    "relu": (lambda x: max(x, mpf(0)), [0]),
    "leaky_relu(0.3)": (lambda x: x if x > 0 else mpf("0.3") * x, [0]),
    "elu(1)": (lambda x: elu(x, 1), [0]),
    "elu(0.5)": (lambda x: elu(x, half), [0]),
    "selu": (lambda x: LAMBDA * elu(x, ALPHA), [0]),
    "celu(2)": (lambda x: elu(x, 1) if x > 0 else 2 * mp.expm1(x / 2), [0]),
    "gelu": (lambda x: x * erfc(-x / sqrt(2)) / 2, []),
    "gelu_tanh": (lambda x: x * sigmoid(2 * sqrt(2 / pi) * (x + mpf("0.044715") * x**3)), []),
    "silu": (lambda x: x * sigmoid(x), []),
    "softplus": (softplus, []),
    "mish": (lambda x: x * tanh(softplus(x)), []),
    "sigmoid": (sigmoid, []),
    "scaled_sigmoid": (lambda x: 2 * tanh(x / 2), []),
    "hard_sigmoid": (lambda x: min(max(x / 6 + half, mpf(0)), mpf(1)), [-3, 3]),
    "hard_swish": (lambda x: x * min(max(x / 6 + half, mpf(0)), mpf(1)), [-3, 3]),
    "tanh": (tanh, []),
    "hard_tanh": (lambda x: min(max(x, mpf(-1)), mpf(1)), [-1, 1]),
    "softsign": (lambda x: x / (1 + abs(x)), [0]),
    "erf": (erf, []),
    "sin": (sin, []),
    "exponential": (exp, []),
}


def text(x):
    return mp.nstr(mpf(x), 20)


def values(path):
    """φ, φ′, φ″ at points on both sides, in the tails, and near the turning points."""
    points = ["-300", "-37.5", "-20", "-8.25", "-5", "-2.5", "-1.2784645", "-1.19243", "-0.7517915",
              "-0.5", "-0.01", "-1e-9", "1e-9", "0.01", "0.3", "0.9", "1.5", "2.75", "4", "6.5",
              "12", "25", "50", "300"]
    with open(path, "w") as out:
        out.write("activation;x;value;slope;curvature\n")
        for name, (f, _) in ACTIVATIONS.items():
            for x in points:
                with mp.workdps(1200):
                    row = [f(mpf(x)), derivative(f, x, 1), derivative(f, x, 2)]
                    out.write(";".join([name, x] + [text(v) for v in row]) + "\n")


def derivative(f, x, order):
    # Even slopes of 1e-270 beside values of 1 keep their digits at 1200 digits.
    h = mpf(10) ** -320
    x = mpf(x)
    if order == 1:
        return (f(x + h) - f(x - h)) / (2 * h)
    return (f(x + h) - 2 * f(x) + f(x - h)) / (h * h)


def moments(path):
    with open(path, "w") as out:
        out.write("activation;q;E_phi;E_phi2;Var_phi;E_dphi;E_dphi2;E_phi_ddphi\n")
        for name, (f, kinks) in ACTIVATIONS.items():
            for q in ["1e-4", "0.003", "0.25", "3.7", "50", "2000", "10000"]:
                q = mpf(q)
                if name == "exponential" and q > 60:
                    continue
                s = sqrt(q)
                top = 45 if name == "exponential" else 12
                ends = {mpf(0)}
                for b in [1, 2, 3, 4.5, 6, 8, 10, 12] + ([18, 24, 30, 38, 45] if top > 12 else []):
                    ends |= {mpf(b), -mpf(b)}
                for k in [0.25, 0.5, 1, 2, 3, 4, 8, 16, 32, 64, 128, 256]:
                    ends |= {k / s, -k / s}
                ends |= {k / s for k in kinks}
                if name == "sin":
                    if q > 60:
                        continue
                    n = int(24 * s / 3.14) + 1
                    ends |= {mpf(-12) + 24 * mpf(i) / n for i in range(n)}
                ends = sorted(e for e in ends if abs(e) <= top)
                average = lambda g: quad(lambda z: g(z) * npdf(z), ends, maxdegree=8)
                mean = average(lambda z: f(s * z))
                second = average(lambda z: f(s * z) ** 2)
                variance = average(lambda z: (f(s * z) - mean) ** 2)
                # Stein: E[φ′] = E[zφ]/s; E[φ²]′ = E[φ′²] + E[φφ″] = E[uφφ′]/q.
                slope = average(lambda z: z * f(s * z)) / s
                h = mpf(10) ** -9

                def df(x):
                    return (f(x + h) - f(x - h)) / (2 * h) if not near(x, kinks, h) else one_sided(f, x, kinks, h)

                slope2 = average(lambda z: df(s * z) ** 2)
                growth = average(lambda z: (z * z - 1) * f(s * z) ** 2) / (2 * q)
                out.write(";".join([name, text(q)] + [text(v) for v in
                          [mean, second, variance, slope, slope2, growth - slope2]]) + "\n")


def near(x, kinks, h):
    return any(abs(x - k) <= 2 * h for k in kinks)


def one_sided(f, x, kinks, h):
    k = min(kinks, key=lambda k: abs(x - k))
    d = h if x >= k else -h
    return (-f(x + 2 * d) + 4 * f(x + d) - 3 * f(x)) / (2 * d)


def gamma_parts(a, x):
    """P(a, x) and Q(a, x) by the series of P at a precision that leaves Q its digits."""
    with mp.workdps(1000 if x > a else 60):
        term = total = mpf(1)
        k = a
        while term > total * mpf(10) ** -(mp.dps + 5):
            k += 1
            term *= x / k
            total += term
        lower = total * exp(a * log(x) - x - mp.loggamma(a + 1))
        return +lower, 1 - lower


def special(path):
    with open(path, "w") as out:
        out.write("function,a,x,value\n")
        def row(name, a, x, v):
            out.write(f"{name},{a},{x},{text(v)}\n")
        for x in ["1e-5", "0.25", "0.5", "1", "1.5", "2", "3.75", "9.999", "10", "37.5", "1e4", "1e9",
                  "-0.5", "-3.25", "-20.75"]:
            row("digamma", "", x, psi(0, mpf(x)))
            if not x.startswith("-"):
                row("trigamma", "", x, psi(1, mpf(x)))
        for x in ["-5", "-1", "-0.1", "0", "1e-3", "0.7", "2", "5", "9.9", "10", "10.1", "20", "27", "100",
                  "1e5", "1e200"]:
            with mp.workdps(50):
                v = (exp(mpf(x) ** 2) * erfc(mpf(x)) if abs(mpf(x)) < 1e4
                     else 1 / (mpf(x) * sqrt(pi)) * (1 - 1 / (2 * mpf(x) ** 2)))
            row("erfcx", "", x, v)
        for y in ["1e-300", "1e-100", "1e-20", "1e-8", "1e-3", "0.05", "0.3", "0.5", "0.7", "0.999",
                  "1", "1.3", "1.9", "1.99999"]:
            with mp.workdps(340):
                y_ = mpf(float(y))
                v = erfinv(1 - y_) if y_ > 1e-15 else findroot(
                    lambda t: log(erfc(t)) - log(y_), sqrt(-log(y_)))
            row("erfcinv", "", y, v)
        for x in ["-38", "-10", "-3", "-0.5", "0", "1", "6"]:
            row("normal_cdf", "", x, erfc(-mpf(x) / sqrt(2)) / 2)
            row("normal_pdf", "", x, npdf(mpf(x)))
        for p in ["1e-200", "1e-10", "0.025", "0.3", "0.5", "0.975"]:
            with mp.workdps(260):
                p_ = mpf(float(p))
                v = (-sqrt(2) * erfinv(1 - 2 * p_) if p_ > 1e-12 else findroot(
                    lambda t: log(erfc(-t / sqrt(2)) / 2) - log(p_), -sqrt(-2 * log(p_))))
            row("normal_quantile", "", p, v)
        with mp.workdps(40):
            for a in ["0.5", "1.5", "2.5", "6", "30.5", "500", "501", "50000"]:
                for ratio in ["0.01", "0.3", "0.9", "0.999", "1", "1.003", "1.2", "3"]:
                    x = mpf(float(mpf(a) * mpf(ratio)))
                    lower, upper = gamma_parts(mpf(a), x)
                    for name, v in [("lower_gamma", lower), ("upper_gamma", upper)]:
                        if v > mpf(10) ** -290:
                            row(name, a, repr(float(x)), v)


if __name__ == "__main__":
    import sys
    if len(sys.argv) < 2 or "special" in sys.argv:
        special("Tests/NumbersTests/Data/special_functions.csv")
    if len(sys.argv) < 2 or "values" in sys.argv:
        values("Tests/OperatorsTests/Data/activation_values.csv")
    if len(sys.argv) < 2 or "moments" in sys.argv:
        moments("Tests/TheoryTests/Data/moments_mpmath.csv")
