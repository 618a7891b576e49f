"""Sums that do not depend on their order, so that a batch of one gives what a batch of ten thousand gives.

A matrix product adds its terms in an order that depends on the batch, the library and the processor; in floating point
another order is another number, and a decision at the edge of a threshold flips. Here numbers are whole multiples of
one step, few enough bits that every product and partial sum fits into the 53 bits of a double: nothing is rounded, so
every order gives the same sum. It is fixed-point arithmetic carried out by the ordinary fast routines for doubles.
"""

from __future__ import annotations

import math

import numpy as np

STEPS = 2.0**22  # in 1: a unit row is off by less than 1e-6 in any cosine


def whole_units(rows: np.ndarray) -> np.ndarray:
    """Return ``rows`` (n, d) scaled to length 1, in steps: whole numbers as float64, of length 2**22 a row.

    Dot products of such rows are exact. A row of nothing stays nothing.
    """
    values = rows.astype(np.float64, order="C")
    _, exponents = np.frexp(np.maximum(values.max(axis=1, initial=0.0), -values.min(axis=1, initial=0.0)))
    bits = (52 - math.ceil(math.log2(max(2, values.shape[1])))) // 2  # so that the sum of squares is exact too
    values *= np.ldexp(1.0, bits - exponents)[:, None]  # a power of two rounds nothing
    np.rint(values, out=values)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    with np.errstate(invalid="ignore"):  # infinite times nothing is no number, for the caller to see
        values *= np.divide(STEPS, lengths, out=np.zeros_like(lengths), where=lengths > 0)[:, None]
    return np.rint(values, out=values)


def whole_map(projection: np.ndarray) -> np.ndarray:
    """Return a linear map (d, p) in steps that make its product with :func:`whole_units` exact; its scale is lost."""
    values = projection.astype(np.float64)
    longest = float(np.sqrt((values**2).sum(axis=0)).max(initial=0.0))
    return np.rint(np.ldexp(values, 28 - math.frexp(longest)[1]))


def as_units(whole: np.ndarray) -> np.ndarray:
    """Return rows of :func:`whole_units` as ordinary float32 rows of length 1; exact, for 22 bits fit into 24."""
    return (whole / STEPS).astype(np.float32)
