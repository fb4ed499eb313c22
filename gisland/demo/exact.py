"""Numbers that are the same on every processor, to the last bit.

IEEE 754 lays down +, −, ×, ÷, √ and rounding. Sines, powers and logarithms of the libraries, products of matrices and
sorting by an unstable method are each processor's own; where a ward is cut in two, the last bit of them decides on
which side a lot falls, and everything after it is another. So nothing here (and in this room) is computed with them.
"""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Axis = tuple[float, float]
"""A direction: a unit vector."""

_TERMS = 8
_SINE = [math.tau]
for _k in range(1, _TERMS):
    _SINE.append(-_SINE[-1] * math.tau * math.tau / (2 * _k * (2 * _k + 1)))
"""Taylor's coefficients of the sine of turns: of u, u³, u⁵ …"""
_DIGITS = 9


def sine(turns: Any) -> Any:
    """Sine of angles given in whole turns (1 is 360°), within 1e-10; as exact as a ward needs it."""
    u = turns - np.rint(turns)
    u = np.where(np.abs(u) > 0.25, np.copysign(0.5, u) - u, u)
    square, value = u * u, _SINE[-1]
    for coefficient in reversed(_SINE[:-1]):
        value = value * square + coefficient
    return value * u


def direction(turns: Any) -> Floats:
    """Unit vectors (n × 2) of angles given in turns against the x axis."""
    turns = np.asarray(turns)
    return np.stack([sine(turns + 0.25), sine(turns)], axis=-1)


def exponential(x: Floats) -> Floats:
    """About e to the power ``x``, for widths and shares that scatter: (1 + x/1024)¹⁰²⁴."""
    value = 1 + x / 1024
    for _ in range(10):
        value = value * value
    return value


def distance(vectors: Floats) -> Floats:
    """Length of vectors (… × 2)."""
    return np.asarray(np.sqrt(vectors[..., 0] * vectors[..., 0] + vectors[..., 1] * vectors[..., 1]))


def long_axis(xx: Floats, yy: Floats, xy: Floats) -> Floats:
    """Unit vectors (n × 2) along which points scatter most, from the sums of squares and products of their offsets."""
    half = (np.asarray(xx) - yy) / 2
    reach = np.sqrt(half * half + xy * xy)
    lying = half >= 0
    axis = np.stack([np.where(lying, half + reach, xy), np.where(lying, xy, reach - half)], axis=-1)
    length = distance(axis)[..., None]
    return np.asarray(np.where(length > 0, axis / np.where(length > 0, length, 1), [1.0, 0.0]))


def turned(axis: Axis, slope: float) -> Axis:
    """A direction turned to the left by the angle whose tangent is ``slope``."""
    x, y = axis[0] - slope * axis[1], axis[1] + slope * axis[0]
    length = math.sqrt(x * x + y * y)
    return x / length, y / length


def left(axis: Axis) -> Axis:
    """The direction a quarter turn to the left."""
    return -axis[1], axis[0]


class Stream(np.random.Generator):
    """A random stream of numbers made with exact operations, or rounded where a logarithm of the library is in them."""

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Numbers between ``low`` and ``high``; the compiler of numpy may fuse the product and the sum."""
        return low + (high - low) * self.random(size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Numbers that scatter around ``loc``."""
        return loc + scale * _rounded(self.standard_normal(size))

    def exponential(self, scale: Any = 1.0, size: Any = None) -> Any:
        """Numbers with the mean ``scale``, the more the smaller."""
        return scale * _rounded(self.standard_exponential(size))


def _rounded(numbers: Any) -> Any:
    """One number or many, rounded; numpy takes ten times as long for one."""
    return round(numbers, _DIGITS) if isinstance(numbers, float) else np.round(numbers, _DIGITS)


def stream(seed: int, *step: str | int) -> Stream:
    """A random stream of its own for each step, so that a change in one step leaves the others as they are."""
    words = [[word] if isinstance(word, int) else word.encode() for word in step]
    return Stream(np.random.PCG64([seed, *itertools.chain.from_iterable(words)]))
