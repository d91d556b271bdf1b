"""Pages taken apart, without a browser: their tiles, their sections, the data of their charts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

from batchsim import Result

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "\"'`{{7*7}}${8*8}@{safe}$$\\href{javascript:1}{x}$$&amp;"
)
"""A name that would be a script, an image, a template, a tooltip's field, or TeX."""


def page_of(result: Result) -> str:
    """The text of ``report.html``."""
    return "".join(str(piece) for piece in result.files()["report.html"])


def tiles_of(page: str) -> dict[str, tuple[Any, str]]:
    """The value and the text of each tile, by its path in ``summary.json``."""
    found = re.findall(r'data-path="([^"]*)" data-value="([^"]*)">.*?class="told">(.*?)</div>', page, re.DOTALL)
    return {path: (json.loads(unescape(value)), unescape(told)) for path, value, told in found}


def data_of(page: str) -> dict[str, Any]:
    """What the page's charts are drawn from."""
    found = re.search(r'<script type="application/json" id="drawn">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1]) if found else {}


def models_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every Bokeh model in the data, and every column."""
    if isinstance(value, dict):
        if value.get("type") in ("object", "map"):
            yield value
        for each in value.values():
            yield from models_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from models_of(each)


class Page(HTMLParser):
    """The tags with their attributes, and the texts outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._within: list[str] = []
        self._goes_on = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._goes_on = tag == "wbr" and bool(self.texts)
        if tag in ("script", "style"):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if self._goes_on:
            self.texts[-1] += data
        elif not self._within:
            self.texts.append(data)
        self._goes_on = False

    @property
    def headings(self) -> list[str]:
        """The ids of the sections, in order."""
        return [str(attrs.get("id")) for tag, attrs in self.tags if tag == "section"]

    @property
    def told(self) -> str:
        """All text that a reader sees."""
        return re.sub(r"\s+", " ", " ".join(self.texts))
