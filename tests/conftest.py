"""What tests share: where real data is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data: RXPRESS_REAL_DATA, else beside the repository; skips aloud when absent."""
    folder = Path(os.environ.get("RXPRESS_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder} (RXPRESS_REAL_DATA names another folder)")
    return folder
