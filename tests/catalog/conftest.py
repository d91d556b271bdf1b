"""The folder of public facts that the catalogue is compared with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def facts() -> Path:
    """The data folder; a test that needs it is skipped by name where it is not there."""
    folder = Path(os.environ.get("BATCHSIM_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "ec2_instance_types.csv").is_file():
        pytest.skip(f"no data folder at {folder}; set BATCHSIM_DATA")
    return folder
