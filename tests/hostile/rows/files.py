"""Rows B01-B13: the file itself. What can stand where a scenario was expected."""

from __future__ import annotations

import codecs
import json
from itertools import pairwise

from hostile.rows.case import SMALL, Case, written

SOUND = written(SMALL)
_LINES = len(SOUND.splitlines())


def _bomb(width: int = 10, depth: int = 9) -> str:
    """Nested anchors: ``width ** depth`` nodes."""
    names = "abcdefghijklmnopqrstuvwxyz"[:depth]
    lines = [f"{names[0]}: &{names[0]} [{', '.join('1' * width)}]"]
    pairs = pairwise(names)
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * width)}]" for before, name in pairs]
    return "\n".join(lines) + "\n"


def _merging_bomb(depth: int = 30) -> str:
    """The same through merge keys: each mapping merges the one before twice."""
    lines = ["m0: &m0 {a: 1, b: 2}"]
    lines += [f"m{n}: &m{n} {{'<<': [*m{n - 1}, *m{n - 1}], c: *m{n - 1}}}" for n in range(1, depth)]
    return "\n".join(lines) + "\n"


def _case(row: str, what: str, code: str, content: str | bytes, *says: str, only: bool = True) -> Case:
    return Case(row=row, what=what, code=code, content=content, says=says, only=only)


EMPTY = [
    _case("B02", "nothing at all", "E101", b"", "batchsim init"),
    _case("B02", "only a comment", "E101", "# to do\n", "batchsim init"),
    _case("B02", "only blanks and line ends", "E101", "  \n\n \r\n", "batchsim init"),
    _case("B02", "an empty document", "E101", "---\n...\n", "batchsim init"),
    _case("B02", "null", "E101", "null\n", "batchsim init"),
    _case("B02", "a byte-order mark and nothing else", "E101", codecs.BOM_UTF8, "batchsim init"),
    _case("B02", "a directive without a document", "E102", "%YAML 1.2\n"),
]

SYNTAX = [
    _case("B03", "a tab as indent", "E102", "name: x\nworld:\n\tregion: us-east-1\n", ":3:1:", "tabs"),
    _case("B03", "an unclosed quote", "E102", "name: 'x\n", "(got"),
    _case("B03", "an unclosed double quote", "E102", 'name: "x\n'),
    _case("B03", "an unclosed list", "E102", "name: x\nworkload: [\n"),
    _case("B03", "an unclosed mapping", "E102", "name: x\nworld: {region: us-east-1\n"),
    _case("B03", "two colons", "E102", "name: a: b\n", "a: b"),
    _case("B03", "a reserved character", "E102", "name: @x\n"),
    _case("B03", "a bad escape", "E102", 'name: "\\q"\n'),
    _case("B03", "an unknown alias", "E102", "name: *nobody\n", "nobody"),
    _case("B03", "an undefined tag handle", "E102", "name: !x!y z\n"),
    _case("B03", "YAML 9.9", "E102", "%YAML 9.9\n---\nname: x\n"),
    _case("B03", "two documents", "E102", SOUND + "---\n" + SOUND, "more than one document"),
    _case("B03", "indent that goes back too far", "E102", "world:\n    region: x\n  market: y\n"),
    _case("B03", "a list as a key", "E102", "? [a, b]\n: c\n"),
    _case("B03", "a mapping as a key", "E102", "{{a: b}: c}\n"),
    _case("B03", "JSON with a comment", "E102", '{"name": "x", // no\n "world": {}}\n'),
    _case("B03", "JSON cut off", "E102", json.dumps(SMALL)[:-20]),
    _case("B03", "a lone surrogate in an escape", "E106", '{"\\ud800": 1}\n'),
    _case("B03", "a stray closing bracket", "E102", "name: x\n]\n"),
    _case("B03", "a merge-conflict marker", "E102", "name: x\n<<<<<<< HEAD\nworld: {}\n=======\n>>>>>>> b\n"),
]

TEXT = [
    _case("B04", "UTF-16 with its mark", "E103", SOUND.encode("utf-16"), "UTF-16", "byte 0"),
    _case("B04", "UTF-16 LE without a mark", "E103", SOUND.encode("utf-16-le"), "byte 1"),
    _case("B04", "UTF-16 BE without a mark", "E103", SOUND.encode("utf-16-be"), "byte 0"),
    _case("B04", "UTF-32 with its mark", "E103", SOUND.encode("utf-32"), "byte 0", "UTF-32"),
    _case("B04", "UTF-32 BE with its mark", "E103", codecs.BOM_UTF32_BE + SOUND.encode("utf-32-be"), "UTF-32"),
    _case("B04", "UTF-32 BE without a mark", "E103", SOUND.encode("utf-32-be"), "byte 0"),
    _case("B04", "Latin-1", "E103", "name: Zürich\n".encode("latin-1"), "byte 7"),
    _case("B04", "a NUL in the middle", "E103", "name: a\0b\n", "byte 7"),
    _case("B04", "a NUL at the end", "E103", SOUND + "\0", f"byte {len(SOUND)}"),
    _case("B04", "a lone surrogate", "E103", b"name: \xed\xa0\x80\n", "byte 6"),
    _case("B04", "an overlong slash", "E103", b"name: \xc0\xaf\n", "byte 6"),
    _case("B04", "a bell", "E103", "name: a\x07b\n"),
    _case("B04", "a gzipped scenario", "E103", b"\x1f\x8b\x08\x00" + b"\x00" * 40),
    _case("B04", "a UTF-8 mark before a sound scenario", "", codecs.BOM_UTF8 + SOUND.encode()),
    _case("B04", "a mark in the middle", "E106", "name: a\nworld: {}\n\ufeffworkload: []\n", "Did you mean workload?"),
    _case("B04", "line ends of Windows", "", SOUND.replace("\n", "\r\n").encode()),
    _case("B04", "line ends of old Macs", "", SOUND.replace("\n", "\r").encode()),
]

TOP = [
    _case("B05", "a list", "E104", "- a\n- b\n", "mapping"),
    _case("B05", "a list of scenarios", "E104", json.dumps([SMALL]), "mapping"),
    _case("B05", "a word", "E104", "a scenario\n", "mapping"),
    _case("B05", "a number", "E104", "5\n"),
    _case("B05", "a float", "E104", ".nan\n"),
    _case("B05", "true", "E104", "true\n"),
    _case("B05", "a page of HTML", "E104", "<!DOCTYPE html><html><body>404</body></html>\n"),
]

TWICE = [
    _case("B06", "a key at the top", "E105", SOUND + "name: again\n", f":{_LINES + 1}:1:", "First in line 1"),
    _case("B06", "a key deep inside", "E105", SOUND.replace('"vcpus": 2', '"vcpus": 2\n      "vcpus": 3'), "vcpus"),
    _case("B06", "a key of JSON", "E105", json.dumps(SMALL)[:-1] + ', "name": "again"}'),
    _case("B06", "once plain and once quoted", "E105", "name: a\n'name': b\n", only=False),
    _case("B06", "two empty keys", "E106", '"": 1\n"": 2\n', only=False),
    _case("B06", "a key that is one number in two spellings", "E106", SOUND + "1: a\n0x1: b\n"),
    _case(
        "B06",
        "in a flow mapping",
        "E105",
        SOUND.replace('"seed": 1', "{seed: 1, seed: 2}").replace('"simulation":\n  {', '"simulation": {'),
        "seed",
    ),
]

BOMBS = [
    _case("B08", "nested anchors", "E107", _bomb(), "1000000 nodes"),
    _case("B08", "twenty-six anchors", "E107", _bomb(10, 26)),
    _case("B08", "wide anchors", "E107", _bomb(1000, 3)),
    _case("B08", "anchors in merge keys", "E107", _merging_bomb()),
    _case("B08", "ten thousand and one aliases", "E107", "a: &a 1\nb: [" + "*a, " * 10_001 + "]\n", "10000 aliases"),
    _case("B08", "in the workload", "E107", _bomb().replace("i: &i [", "workload: &i [")),
    _case("B09", "a list in itself", "E107", "a: &a [*a]\n", "inside its own anchor"),
    _case("B09", "a mapping in itself", "E107", "a: &a {b: {c: *a}}\n"),
    _case("B09", "a merge of itself", "E107", "a: &a\n  <<: *a\n"),
    _case("B09", "the whole file", "E107", "&all\nname: x\nworkload: *all\n"),
    _case("B09", "an alias as a key", "E102", "a: &a x\n*a : 1\n"),
    _case("B10", "lists", "E108", "name: " + "[" * 100_000, "64 levels"),
    _case("B10", "mappings", "E108", "name: " + "{a: " * 100_000),
    _case("B10", "lists in JSON, closed", "E108", '{"name": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    _case("B10", "blocks", "E108", "name:\n" + "".join(f"{' ' * n}-\n" for n in range(1, 300))),
    _case("B10", "dashes in one line", "E108", "name:\n  " + "- " * 100_000 + "x\n"),
    _case("B10", "explicit keys", "E102", "? " * 50_000 + "x\n"),
    _case("B10", "brackets at the top", "E108", "[" * 1_000_000),
]

TAGS = [
    _case("B11", f"the tag {tag}", "E109", f"name: {tag} ['touch canary']\n", "tags are not allowed", only=False)
    for tag in (
        "!!python/object/apply:os.system",
        "!!python/object/new:subprocess.Popen",
        "!!python/name:os.system",
        "!!python/module:os",
        "!include",
        "!ENV",
        "!!binary",
        "!!timestamp",
        "!!str",
        "!!set",
        "!!omap",
        "!",
    )
] + [
    _case("B11", "a tag on a key", "E109", "!!str name: x\n"),
    _case(
        "B11",
        "a tag by a directive",
        "E109",
        "%TAG !e! tag:yaml.org,2002:python/\n---\nname: !e!object/apply:os.system ['touch canary']\n",
        only=False,
    ),
    _case(
        "B11", "a verbatim tag", "E109", "name: !<tag:yaml.org,2002:python/object/apply:os.system> ['id']\n", only=False
    ),
    _case("B11", "a tag on the whole file", "E109", "!!map\n" + SOUND),
]

CASES: list[Case] = [*EMPTY, *SYNTAX, *TEXT, *TOP, *TWICE, *BOMBS, *TAGS]
