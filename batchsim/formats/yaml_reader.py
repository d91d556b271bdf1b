"""YAML 1.2 (and so JSON) read safely into plain data, with the place of every key and value.

Only mappings, lists and scalars are built, straight from the parser's events: no tag is obeyed, no object constructed.
Duplicate keys are errors; aliases, nodes and depth are limited, so that a hostile file costs less than a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.reader import ReaderError

from batchsim.errors import Path, Problem, ScenarioError
from batchsim.formats.yaml_scalars import read_plain
from batchsim.spec.source import Position, SourceMap

MAX_DEPTH = 64
MAX_ALIASES = 10_000
MAX_NODES = 1_000_000
"""Nodes that aliases may multiply a file to; a file without aliases may have more."""


@dataclass(slots=True)
class Document:
    """What one file holds: plain data, the places of its parts, and problems that did not stop the reading."""

    data: Any
    source: SourceMap
    problems: list[Problem]


def read_yaml(text: str, name: str) -> Document:
    """Read one document. Raises :class:`ScenarioError` where reading cannot go on (E102, E103, E107, E108)."""
    composer = _Composer(name)
    try:
        data = composer.document(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        place = _place_of(error, text)
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        tab = " (indent with spaces, not tabs)" if "'\\t'" in message else ""
        raise composer.stop("E102", f"not YAML: {message}{tab}", place, value=_line(text, place[0])) from None
    except ScenarioError:
        raise
    except ReaderError as error:
        raise composer.stop("E103", f"not readable as YAML: {str(error).splitlines()[0]}", _at(error, text)) from None
    except (YAMLError, ValueError) as error:
        raise composer.stop("E103", f"not readable as YAML: {str(error).splitlines()[0]}", (1, 1)) from None
    return Document(data, SourceMap(name, composer.keys, composer.values), composer.problems)


def _place_of(error: MarkedYAMLError, text: str) -> Position:
    """Where the parser stumbled; where what it missed to the end of the file had begun."""
    mark, began = error.problem_mark or error.context_mark, error.context_mark
    if mark and began and mark.index >= len(text.rstrip()):
        mark = began
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _at(error: ReaderError, text: str) -> Position:
    """Where the character that YAML does not take stands first; the reader's own position is one of its buffer."""
    before = text.partition(chr(error.character))[0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _line(text: str, number: int) -> str:
    """One line of context for a syntax error."""
    lines = text.splitlines()
    return lines[number - 1].strip()[:60] if 0 < number <= len(lines) else ""


@dataclass(slots=True)
class _Anchor:
    """A value that aliases may repeat; ``nodes`` = 0 while it is still being read."""

    value: Any = None
    nodes: int = 0


@dataclass(slots=True)
class _Composer:
    """Builds plain data from parser events, noting places and counting what aliases multiply."""

    name: str
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    aliases: int = 0
    nodes: int = 0

    def document(self, events: Iterator[Event]) -> Any:
        """The data of the only document, None for an empty file."""
        data, documents = None, 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.stop("E102", "more than one document in the file", _place(event), allowed="one ---")
                data = self.node(next(events), events, ())
        return data

    def node(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        """The value that begins with ``event``."""
        self.values[path] = _place(event)
        if isinstance(event, AliasEvent):
            return self.alias(event, path)
        before = self.nodes
        self.nodes += 1
        self.refuse_tag(event, path)
        name = getattr(event, "anchor", None)
        if name is None:
            return self.content(event, events, path)
        anchor = self.anchors[name] = _Anchor()
        anchor.value = self.content(event, events, path)
        anchor.nodes = self.nodes - before
        return anchor.value

    def content(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        """A scalar, or what a collection holds."""
        if isinstance(event, ScalarEvent):
            text = _joined(event.value)
            return read_plain(text) if event.implicit[0] and event.style is None else text
        if len(path) >= MAX_DEPTH:
            raise self.stop("E108", f"nested deeper than {MAX_DEPTH} levels", _place(event), path[:4])
        return self.mapping(events, path) if isinstance(event, MappingStartEvent) else self.sequence(events, path)

    def sequence(self, events: Iterator[Event], path: Path) -> list[Any]:
        """The items up to the end of a list."""
        items: list[Any] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            here = (*path, len(items))
            self.keys[here] = _place(event)
            items.append(self.node(event, events, here))
        return items

    def mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        """The pairs up to the end of a mapping; the first of two equal keys counts."""
        pairs: dict[str, Any] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self.key(event, path)
            here = (*path, key)
            if key in pairs:
                self.note("E105", "key given twice", _place(event), here, key, f"First in line {self.keys[here][0]}")
                self.node(next(events), events, (*path, f"{key} (again)"))
                continue
            self.keys[here] = _place(event)
            pairs[key] = self.node(next(events), events, here)
        return pairs

    def key(self, event: Event, path: Path) -> str:
        """The text of a key; lists and mappings cannot be keys."""
        if not isinstance(event, ScalarEvent):
            raise self.stop("E102", "a key must be text", _place(event), path)
        self.refuse_tag(event, path)
        return _joined(event.value)

    def alias(self, event: AliasEvent, path: Path) -> Any:
        """The value of an anchor, once more."""
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            raise self.stop("E102", f"alias *{event.anchor} has no anchor", _place(event), path)
        if not anchor.nodes:
            raise self.stop("E107", f"alias *{event.anchor} is inside its own anchor", _place(event), path)
        self.aliases += 1
        self.nodes += anchor.nodes
        if self.aliases > MAX_ALIASES or self.nodes > MAX_NODES:
            limits = f"{MAX_ALIASES} aliases, {MAX_NODES} nodes"
            raise self.stop("E107", "aliases multiply the file beyond the limit", _place(event), path, allowed=limits)
        return anchor.value

    def refuse_tag(self, event: Event, path: Path) -> None:
        """E109 for any explicit tag; nothing is ever built from one."""
        tag = getattr(event, "tag", None)
        if tag is not None and not isinstance(event, AliasEvent):
            self.note("E109", "tags are not allowed", _place(event), path, str(tag), "Write the plain value")

    def note(self, code: str, message: str, place: Position, path: Path, value: str, hint: str) -> None:
        """Keep a problem and go on."""
        self.problems.append(Problem(code, path, message, value, "", hint, self.name, *place))

    def stop(
        self,
        code: str,
        message: str,
        place: Position,
        path: Path = (),
        value: str = "",
        allowed: str = "",
    ) -> ScenarioError:
        """The error that ends the reading, with what was noted before."""
        return ScenarioError([*self.problems, Problem(code, path, message, value, allowed, "", self.name, *place)])


def _place(event: Event) -> Position:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _joined(text: str) -> str:
    """JSON writes characters beyond U+FFFF as two escapes; join them."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
