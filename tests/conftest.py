from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from planting import BUNDLED, Base

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the bundled evidence, to be spoilt."""
    folder = tmp_path / "data"
    shutil.copytree(BUNDLED, folder)
    return folder


@pytest.fixture
def base(data: Path) -> Base:
    return Base(data)
