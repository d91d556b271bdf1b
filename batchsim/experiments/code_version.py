"""Which code a figure was made with: batchsim's version and a digest of its sources, numpy's and scipy's versions."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from batchsim._version import __version__

_PACKAGE = Path(__file__).resolve().parent.parent
_MATTERS = ("analysis", "catalog", "engine", "formats", "policies", "pricing", "records", "spec", "")
"""Folders whose files have a part in a figure; how it is shown, or asked for, has none."""
_KINDS = (".py", ".csv", ".json", ".yaml")


@cache
def code_version() -> str:
    """``batchsim 0.1.0 (1f0c2d3e4b5a), numpy 2.4.6, scipy 1.17.1``: equal where equal runs give equal figures."""
    digest = sha256()
    for path in (path for folder in _MATTERS for path in _files(folder)):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    return f"batchsim {__version__} ({digest.hexdigest()[:12]}), {libraries}"


def _files(folder: str) -> list[Path]:
    found = sorted(_PACKAGE.glob("*.py")) if not folder else sorted((_PACKAGE / folder).rglob("*"))
    return [path for path in found if path.suffix in _KINDS and path.is_file()]
