"""Templates filled in: one file that needs no other, and in which no script runs but the ones of this package.

Jinja2 escapes whatever it is given. JSON stands in an element that is not executed, without any ``<``. A content
security policy names the scripts by their hashes and allows no request: whatever a name may hold, the browser would
refuse it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from json import dumps
from typing import TYPE_CHECKING, Any

from batchsim.errors import printable
from batchsim.report.page.blocks import Section
from batchsim.report.page.documents import documents, library

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PACKAGE = "batchsim.report.page"
_JOINED = re.compile(r"(?<=[_:/@])(?=\w)|(?<=\.)(?=[A-Za-z])")


def render(template: str, sections: Sequence[Section], **more: Any) -> str:
    """The page as text."""
    plots = {place: chart.plot for section in sections for place, chart in section.charts}
    scripts = {"early": _asset("early.js"), "script": _asset("page.js")}
    if plots:
        scripts["bokeh"] = library()
    page = _environment().get_template(template)
    return page.render(
        sections=sections,
        style=_trusted(_asset("page.css")),
        scripts={name: _trusted(text) for name, text in scripts.items()},
        policy=_policy(scripts.values()),
        drawn=_json(documents(plots)) if plots else None,
        **more,
    )


def _json(value: Mapping[str, Any]) -> Markup:
    """JSON that may stand in an element: nothing in it ends the element or begins another."""
    text = dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return _trusted(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _policy(scripts: Any) -> str:
    """What the browser may load and run."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"


def _trusted(text: str) -> Markup:
    """Text of this package, or JSON made safe: not to be escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 -- never text of a scenario


@cache
def _asset(name: str) -> str:
    return (files(_PACKAGE) / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_steerless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = _breakable
    return made


def _steerless(value: object) -> object:
    """What stands on the page: text of a scenario turns neither the reading direction nor a terminal."""
    from markupsafe import Markup

    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(text: str) -> Markup:
    """The text, escaped, that may go on in the next line after what joins words in a name or a code."""
    from markupsafe import escape

    pieces = (escape(piece) for piece in _JOINED.split(printable(text)))
    return _trusted("<wbr>".join(pieces))
