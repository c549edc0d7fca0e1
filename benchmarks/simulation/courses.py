"""True courses of the mean effect, in points of pain from 0 to 10, at the visits of the studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from spineevidence.timing import FloatArray

VISITS = np.array([1.0, 3.0, 6.0, 12.0, 24.0])  # months, each the nominal time of a window
DELTA = 1.0  # smallest difference that matters

Course = Callable[[FloatArray], FloatArray]

COURSES: Mapping[str, Course] = MappingProxyType(
    {
        "exponential": lambda t: 2.0 * 2.0 ** (-t / 9.0),
        "loglinear": lambda t: 2.0 - 0.45 * np.log2(t),
        "plateau": lambda t: 1.8 / (1.0 + (t / 9.0) ** 4),
        "constant": lambda t: np.full_like(t, 1.5),
        "null": np.zeros_like,
        "hump": lambda t: t / 3.0 * np.exp(1.0 - t / 6.0),
        "just below delta": lambda t: np.full_like(t, DELTA - 1e-9),
        "just above delta": lambda t: np.full_like(t, DELTA + 1e-9),
    }
)
FORMULAS: Mapping[str, str] = MappingProxyType(
    {
        "exponential": "2 x 2^(-t/9)",
        "loglinear": "2 - 0.45 log2 t",
        "plateau": "1.8 / (1 + (t/9)^4)",
        "constant": "1.5",
        "null": "0",
        "hump": "(t/3) exp(1 - t/6)",
        "just below delta": "1 - 1e-9",
        "just above delta": "1 + 1e-9",
    }
)
LASTS: Mapping[str, float] = MappingProxyType(  # months: the last time with an effect of delta
    {
        "exponential": 9.0,
        "loglinear": 2.0 ** (1.0 / 0.45),
        "plateau": 9.0 * 0.8**0.25,
    }
)
