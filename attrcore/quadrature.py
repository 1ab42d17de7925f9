"""Rules that integrate over [0, 1]: where the points of a path lie, and how they weigh."""

from functools import cache

import numpy as np


def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in (0, 1) and weights that integrate polynomials up to degree 2n - 1 exactly."""
    points, weights = np.polynomial.legendre.leggauss(n)
    return (points + 1) / 2, weights / 2


def midpoint(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of each of n equal parts; the error falls with 1 / n^2."""
    return (np.arange(n) + 0.5) / n, np.full(n, 1 / n)


def right_riemann(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The end of each of n equal parts, as in the original paper; the error falls with 1 / n only."""
    return (np.arange(n) + 1) / n, np.full(n, 1 / n)


def trapezoid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Both ends, at half weight, and what lies evenly between; the error falls with 1 / n^2.  One point: the image."""
    points = np.linspace(0, 1, n) if n > 1 else np.ones(1)
    weights = np.full(n, 1 / max(1, n - 1))
    weights[[0, -1]] /= 2 if n > 1 else 1
    return points, weights


QUADRATURES = {
    "Gauss-Legendre": gauss_legendre,
    "midpoint": midpoint,
    "trapezoid": trapezoid,
    "right Riemann": right_riemann,
}
quadrature = cache(lambda rule, n: QUADRATURES[rule](n))
