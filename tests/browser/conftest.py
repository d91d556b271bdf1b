"""Real headless Chromium, the system's own, that opens pages from disk and reports what it should not have done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
PATIENCE_MS = 120_000
"""For a machine with other work to do; what is fast is measured in the page's own time."""


@dataclass
class Opened:
    """A page in a browser, and what it asked for, said and failed at."""

    page: Any
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def wrongs(self) -> list[str]:
        """Console messages of warning or error, uncaught errors, dialogs, requests to anything but the file itself."""
        said = [each for each in self.said if "willReadFrequently" not in each]  # of the tests' own look at pixels
        return [*said, *(url for url in self.requests if not url.startswith(("file:", "data:", "blob:")))]


Open = Callable[..., Opened]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, where there is no browser."""
    if CHROMIUM is None:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no chromium on the PATH (Debian's package: chromium)"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra dev has it)")
    with api.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_MS)
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    """Open a file in a window of so many pixels, light or dark, and wait until all is drawn."""
    contexts = []

    def opened(path: Path, width: int = 1440, *, scheme: str = "light", media: str = "screen") -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width < 500, offline=True
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        found = Opened(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("console", lambda said: found.said.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("dialog", lambda dialog: (found.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_selector("html[data-ready]", state="attached")
        page.emulate_media(media=media, color_scheme=scheme)
        return found

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Path]:
    """The folder's page, of a result or a comparison, on disk."""

    def write(made: Any) -> Path:
        path = tmp_path_factory.mktemp("page") / "report.html"
        path.write_text("".join(str(piece) for piece in made.files()["report.html"]), encoding="utf-8")
        return path

    return write
