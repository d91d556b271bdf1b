"""Bokeh's plots as JSON with ids of our own, and the script that draws them: the same bytes for the same plots.

Bokeh numbers its models by a counter of the process. Here they are numbered anew, in the order in which they stand in
the JSON, so that a second page of one process is like the first. Data are never objects of that JSON (a column is a
list or an array), so nothing in them can pass for an id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bokeh.models import Plot

_DOCUMENT = "page"


def documents(plots: Mapping[str, Plot]) -> dict[str, Any]:
    """What ``Bokeh.embed.embed_items`` takes: all plots as one document, and the ids of the elements they go to."""
    from bokeh.document import Document

    document = Document()
    for plot in plots.values():
        document.add_root(plot)
    content: Any = document.to_json(deferred=False)
    document.clear()
    content["title"] = ""
    content["roots"] = _renumbered(content["roots"], {})
    content.pop("config", None)
    roots = {root["id"]: place for root, place in zip(content["roots"], plots, strict=True)}
    return {
        "documents": {_DOCUMENT: content},
        "items": [{"docid": _DOCUMENT, "roots": roots, "root_ids": list(roots)}] if roots else [],
    }


def _renumbered(value: Any, ids: dict[str, str]) -> Any:
    """The JSON with ids in the order of their first mention."""
    if isinstance(value, dict):
        if value.get("type") == "set":
            value["entries"].sort(key=repr)  # its order would be that of hashes
        return {key: ids.setdefault(of, f"m{len(ids)}") if key == "id" else _renumbered(of, ids)
                for key, of in value.items()}  # fmt: skip
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value if _is_flat(value) else [_renumbered(each, ids) for each in value]
    return value


def _is_flat(values: Sequence[Any]) -> bool:
    """Whether a list holds texts and numbers only, as long columns do."""
    return not any(isinstance(each, dict | list | tuple) for each in values)


@cache
def library() -> str:
    """BokehJS without widgets, tables, WebGL and mathematics."""
    from bokeh.resources import Resources

    script = str(Resources(mode="inline", components=["bokeh"]).js_raw[0])
    return script.replace("</script", "<\\/script")
