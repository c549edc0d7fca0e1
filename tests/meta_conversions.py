"""Adapters of the oracle families of conversions, medians and covariances: only words are translated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Columns = Mapping[str, list[Any]]
Case = Mapping[str, Any]

FAMILIES: dict[str, Callable[[Columns, Case], object]] = {}

SINGLE: dict[str, Callable[[Columns, Case], object]] = {}  # of family escalc_single, by measure
