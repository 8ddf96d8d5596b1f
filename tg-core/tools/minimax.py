#!/usr/bin/env python3
"""Coefficients of tg-core/src/lower/transcendental: minimax polynomials and near-minimax quotients.

Needs mpmath only. Prints tg-core/src/lower/transcendental/coefficients.rs:
    python3 tg-core/tools/minimax.py > tg-core/src/lower/transcendental/coefficients.rs
Each table says its largest weighted error before its entries are rounded; what remains after rounding
and evaluation is what the accuracy tests measure.
"""

from mpmath import mp, mpf, pi, log, sin, erf, erfc, exp, sqrt, cos, floor, matrix, lu_solve

mp.dps = 50
GRID = 1500


def extrema(error, lo, hi, count):
    """The places of the `count` alternating extrema of `error`, from a Chebyshev-spaced grid."""
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * i / GRID) for i in range(GRID + 1)]
    es = [error(x) for x in xs]
    best = []
    for x, e in zip(xs, es):
        if best and (e > 0) == (best[-1][1] > 0):
            if abs(e) > abs(best[-1][1]):
                best[-1] = (x, e)
        else:
            best.append((x, e))
    while len(best) > count:
        best.pop(0 if abs(best[0][1]) < abs(best[-1][1]) else -1)
    return best


def remez(f, weight, lo, hi, degree, rounds=25):
    """The polynomial with the least max |weight * (f - P)| on [lo, hi], and that maximum."""
    lo, hi = mpf(lo), mpf(hi)
    n = degree + 2
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * (i + mpf(1) / 2) / n) for i in range(n)]
    for _ in range(rounds):
        a, b = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(xs):
            for k in range(degree + 1):
                a[i, k] = x**k
            a[i, n - 1] = (-1) ** i / weight(x)
            b[i] = f(x)
        solved = lu_solve(a, b)
        p, level = [solved[k] for k in range(degree + 1)], abs(solved[n - 1])
        found = extrema(lambda x: weight(x) * (f(x) - mp.polyval(p[::-1], x)), lo, hi, n)
        worst = max(abs(e) for _, e in found)
        assert len(found) == n, "the exchange lost an extremum"
        xs = [x for x, _ in found]
        if worst < level * (1 + mpf(10) ** -4):
            break
    return p, worst


def quotient(f, last, degree, points=140, rounds=40):
    """P/Q in y = x², Q(0) = 1, both of `degree`, with near-least relative error for x in [0, last].

    Least squares of (f Q - P) / (f Q'), Q' of the round before, reweighted by the error (Lawson)."""
    n = 2 * degree + 1
    ys = [(last * sin(pi * i / (2 * points))) ** 2 for i in range(points + 1)]
    fs = [f(y) for y in ys]
    importance, bottoms, best = [mpf(1)] * len(ys), [mpf(1)] * len(ys), None
    for r in range(rounds):
        a, b = matrix(n, n), matrix(n, 1)
        for y, fy, share, bottom in zip(ys, fs, importance, bottoms):
            row = [y**k for k in range(degree + 1)] + [-fy * y ** (k + 1) for k in range(degree)]
            scale = share / (fy * bottom) ** 2
            for i in range(n):
                for j in range(n):
                    a[i, j] += scale * row[i] * row[j]
                b[i] += scale * row[i] * fy
        solved = lu_solve(a, b)
        p = [solved[k] for k in range(degree + 1)]
        q = [mpf(1)] + [solved[degree + 1 + k] for k in range(degree)]
        bottoms = [mp.polyval(q[::-1], y) for y in ys]
        errors = [abs(1 - mp.polyval(p[::-1], y) / bottom / fy) for y, fy, bottom in zip(ys, fs, bottoms)]
        if best is None or max(errors) < best[2]:
            best = (p, q, max(errors))
        if r >= 6:
            total = sum(share * e for share, e in zip(importance, errors))
            importance = [share * e / total for share, e in zip(importance, errors)]
    return best


def show(name, doc, coefficients, worst, bits):
    rows = "".join(f"    {mp.nstr(c, 10, min_fixed=0, max_fixed=0) if bits == 32 else repr(float(c))},\n" for c in coefficients)
    print(f"\n/// {doc}; largest error {mp.nstr(worst, 3)}.\npub const {name}: [f64; {len(coefficients)}] = [\n{rows}];")


def near(f, at_zero, x):
    """f, or its limit where it cannot be evaluated."""
    return at_zero if abs(x) < mpf(10) ** -30 else f(x)


def exponential():
    ln2 = log(mpf(2))
    f = lambda g: near(lambda g: (exp(g * ln2) - 1) / g, ln2, g)
    p, e = remez(f, lambda g: (abs(g) + mpf(2) ** -20) / exp(g * ln2), -1, 1, 6)
    show("POWER_32", "`(2^g - 1) / g` for `g` in -1..=1", p, e, 32)
    p, e = remez(f, lambda f: (abs(f) + mpf(2) ** -20) / exp(f * ln2), 0, 1, 5)
    show("FRACTION_32", "`(2^f - 1) / f` for `f` in 0..=1", p, e, 32)
    p, e = remez(f, lambda g: 1 / f(g), -0.5, 0.5, 11)
    show("POWER_64", "`(2^f - 1) / f` for `f` in -½..=½", p, e, 64)
    h = lambda r: near(lambda r: (exp(2 * r) - 1 - 2 * r) / r**2, mpf(2), r)
    for bits, degree, leading in ((32, 4, 18), (64, 10, 44)):
        p, e = remez(h, lambda r: (abs(r) + mpf(2) ** -12) / 2, -ln2 / 4, ln2 / 4, degree)
        show(f"EXP_REST_{bits}", "`(e^(2r) - 1 - 2r) / r²` for `r` in -ln 2/4..=ln 2/4", p, e, bits)
        part = floor(ln2 / 2 * 2**leading) / 2**leading
        rows = "".join(f"    {float(v)!r},\n" for v in (part, ln2 / 2 - part))
        print(f"\n/// ln 2/2 as a sum: {leading} bits, and the rest.\npub const HALF_LN_2_{bits}: [f64; 2] = [\n{rows}];")


def logarithm():
    ln2, root = log(mpf(2)), sqrt(mpf(2))
    f = lambda x: near(lambda x: log(1 + x) / ln2 / x, 1 / ln2, x)
    p, e = remez(f, lambda x: 1 / f(x), 1 / root - 1, root - 1, 9)
    show("LOG_32", "`log2(1 + f) / f` for `1 + f` in √½..=√2", p, e, 32)

    def rest(z):
        s = sqrt(z)
        return near(lambda z: (log((1 + s) / (1 - s)) / ln2 / s - 2 / ln2) / z, 2 / ln2 / 3, z)

    largest = ((root - 1) / (root + 1)) ** 2
    p, e = remez(rest, lambda z: (z + mpf(10) ** -3) / (2 / ln2), 0, largest, 7)
    doc = "`(log2(m)/s - 2/ln 2) / z` with `s = (m-1)/(m+1)`, `z = s²`, for `m` in √½..=√2"
    show("LOG_REST_64", doc, p, e, 64)


def sine():
    def rest(y):
        r = sqrt(y)
        return near(lambda y: (sin(r) / r - 1) / y, -mpf(1) / 6, y)

    for bits, degree in ((32, 4), (64, 7)):
        p, e = remez(rest, lambda y: (y + mpf(10) ** -3), 0, (pi / 2) ** 2, degree)
        # Both are evaluated in f64.
        show(f"SINE_{bits}", "`(sin(r)/r - 1) / y` with `y = r²`, for `r` in -π/2..=π/2", p, e, 64)
    parts, rest_of_pi = [], pi
    for bits in (26, 54):
        parts.append(floor(rest_of_pi * 2**bits) / 2**bits)
        rest_of_pi -= parts[-1]
    parts.append(rest_of_pi)
    rows = "".join(f"    {float(part)!r},\n" for part in parts)
    print(f"\n/// π as a sum: two parts of 28 bits, and what remains.\npub const PI_PARTS: [f64; 3] = [\n{rows}];")


def error_function():
    ratio = lambda y: near(lambda y: erf(sqrt(y)) / sqrt(y), 2 / sqrt(pi), y)
    p, e = remez(lambda y: ratio(y) - 1, lambda y: 1 / ratio(y), 0, 1, 5)
    show("ERF_NEAR_32", "`erf(x)/x - 1` in `x²` for `x` in -1..=1", p, e, 32)
    root = lambda x: erfc(x) ** (-mpf(1) / 8)
    p, e = remez(root, lambda x: 8 * erfc(x) / root(x), 1, mpf("3.93"), 7)
    show("ERF_FAR_32", "`(1 - erf(x))^(-1/8)` for `x` in 1..=3.93, with the absolute error of `erf`", p, e, 32)
    p, q, e = quotient(ratio, mpf("5.93"), 12)
    assert min(p + q) > 0, "a quotient whose parts cancel"
    show("ERF_TOP_64", "Numerator of `erf(x)/x` in `x²` for `x` in -5.93..=5.93", p, e, 64)
    show("ERF_BOTTOM_64", "Denominator of the same", q, e, 64)


def main():
    print("//! Coefficients, lowest power first. Made by `tg-core/tools/minimax.py`, which says how.")
    print('#![expect(clippy::approx_constant, reason = "first coefficients are near constants, not equal to them")]')
    exponential()
    logarithm()
    sine()
    error_function()


if __name__ == "__main__":
    main()
