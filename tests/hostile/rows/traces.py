"""Rows B51-B60: traces that lie, and files that are no traces."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import zipfile
from typing import Any

from hostile.rows.case import Case, Content

COLUMNS: dict[str, Any] = {"submission": "t", "run_time": "run", "vcpus": "cpus"}
GOOD = "t,run,cpus\n0,10,1\n5,10,1\n"


def trace(row: str, what: str, code: str, content: Content, *says: str, file: str = "t.csv", **common: Any) -> Case:
    """A scenario with a trace of this content beside it."""
    columns = common.pop("columns", COLUMNS)
    change = {
        "workload.0.at": {"trace": common.pop("named", file), "columns": columns, **common.pop("at", {})},
        "workload.0.run": {"trace": "run_time"},
    }
    return Case(row=row, what=what, code=code, change=change, beside={file: content}, says=says, **common)


def cell(what: str, column: str, value: str, code: str = "E161") -> Case:
    """A trace whose second row has this cell."""
    held = {"t": "5", "run": "10", "cpus": "1", column: value}
    text = f't,run,cpus\n0,10,1\n"{held["t"]}","{held["run"]}","{held["cpus"]}"\n'
    return trace("B52", what, code, text, *(() if code != "E161" else ("t.csv:3:", f"column {column}")))


SHAPES = [
    trace("B51", "a missing column", "E160", "t,cpus\n0,1\n", "t.csv:1:1:", "column run is missing", "t, cpus"),
    trace("B51", "a column misspelt", "E160", "t,runn,cpus\n0,1,1\n", "column run is missing", "runn"),
    trace("B51", "a column in other case", "E160", "T,RUN,CPUS\n0,1,1\n", "Did you mean RUN?"),
    trace("B51", "a column twice", "E160", "t,run,run,cpus\n0,1,1,1\n", "column run stands twice"),
    trace("B51", "columns too many", "", "x,t,run,cpus,y\n,0,10,1,\n"),
    trace("B51", "semicolons", "E160", "t;run;cpus\n0;10;1\n", "separated by semicolons"),
    trace("B51", "tabs", "E160", "t\trun\tcpus\n0\t10\t1\n", "separated by tabs"),
    trace("B51", "bars", "E160", "t|run|cpus\n0|10|1\n", "separated by bars"),
    trace("B51", "blanks", "E160", "t run cpus\n0 10 1\n"),
    trace("B51", "a short row", "E160", "t,run,cpus\n0,10,1\n5,10\n", "t.csv:3:1:", "2 cells, the header 3"),
    trace("B51", "a long row", "E160", "t,run,cpus\n0,10,1,7\n", "t.csv:2:1:", "4 cells, the header 3"),
    trace("B51", "sixty short rows", "E160", "t,run,cpus\n" + "1\n" * 60, "t.csv:51:1:"),
    trace("B51", "an unclosed quote", "E160", 't,run,cpus\n0,"10,1\n5,10,1\n', "t.csv:"),
    trace("B51", "a quote in a cell", "E161", 't,run,cpus\n0,1"0,1\n'),
    trace("B51", "text after a quote", "E160", 't,run,cpus\n0,"1"0,1\n'),
    trace("B51", "line ends of Windows and a mark", "", b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()),
    trace("B51", "line ends of old Macs", "", GOOD.replace("\n", "\r")),
    trace("B51", "everything quoted", "", '"t","run","cpus"\n"0","10","1"\n'),
    trace("B51", "blank lines", "", "t,run,cpus\n\n0,10,1\n\n\n"),
    trace("B51", "UTF-16", "E160", GOOD.encode("utf-16"), "UTF-8"),
    trace("B51", "UTF-16 without a mark", "E160", GOOD.encode("utf-16-le")),
    trace("B51", "Latin-1", "E160", GOOD.replace("cpus", "cpüs").encode("latin-1"), "UTF-8"),
    trace("B51", "a NUL", "E160", "t,run,cpus\n0,1\x000,1\n"),
    trace("B51", "a NUL in the header", "E160", "t,ru\x00n,cpus\n0,10,1\n"),
    trace("B51", "a lone surrogate", "E160", b"t,run,cpus\n0,\xed\xa0\x80,1\n"),
    trace("B51", "a cell of ten megabytes", "E160", "t,run,cpus\n0," + "1" * 10_000_000 + ",1\n", "t.csv:2:"),
    trace("B51", "a quoted cell of ten megabytes", "E160", 't,run,cpus\n0,"' + "\n" * 10_000_000 + '",1\n'),
    trace("B51", "a header of a million columns", "E160", "t," * 1_000_000 + "run,cpus\n"),
    trace("B51", "JSON", "E160", json.dumps([{"t": 0, "run": 10, "cpus": 1}])),
    trace("B51", "HTML", "E160", "<!DOCTYPE html><html><body>404 Not Found</body></html>"),
    trace("B51", "an escape in the header", "E160", "\x1b[31mt\x1b[0m,run,cpus\n0,10,1\n", "\\x1b[31mt"),
]

CELLS = [
    trace("B52", "times that go back", "", "t,run,cpus\n9,10,1\n0,10,1\n"),
    *(
        cell(f"an instant of {value[:20]!r}", "t", value)
        for value in (
            "",
            " ",
            "-1",
            "nan",
            "NaN",
            "inf",
            "-inf",
            "1e999",
            "1e15",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "1:30",
            "1,5",
            "٣x",
            "0x10",
            "9" * 5000,
            "2026-02-30",
            "\x1b[31m",
            "=1+1",
            "12/31/2026",
            "--",
        )
    ),
    *(
        cell(f"a run time of {value[:20]!r}", "run", value)
        for value in (
            "",
            "-1",
            "-0.001",
            "nan",
            "inf",
            "1e999",
            "1e300",
            "9" * 5000,
            "10s",
            "ten",
            "1:30",
            "1;5",
            "[]",
            "None",
        )
    ),
    *(
        cell(f"vCPUs of {value[:20]!r}", "cpus", value)
        for value in ("", "0", "-1", "nan", "inf", "1e999", "1e-999", "1000001", "many", "9" * 5000)
    ),
    trace("B52", "a hundred bad cells", "E161", "t,run,cpus\n" + "0,x,1\n" * 100, "t.csv:51:"),
    trace("B52", "a bad cell of each column", "E161", "t,run,cpus\nx,10,1\n0,10,1\n0,10,x\n", "t.csv:2:", "t.csv:4:"),
    trace(
        "B52",
        "the same attempt twice",
        "E161",
        "t,run,cpus,id,n\n0,10,1,a,1\n5,10,1,a,1\n",
        columns={**COLUMNS, "job": "id", "attempt": "n"},
    ),
    trace("B52", "jobs without names", "E161", "t,run,cpus,id\n0,10,1,\n", columns={**COLUMNS, "job": "id"}),
    trace(
        "B52",
        "an end before its start",
        "E161",
        "t,a,b,cpus\n0,20,10,1\n",
        columns={"submission": "t", "start": "a", "end": "b", "vcpus": "cpus"},
    ),
    trace(
        "B52",
        "exit codes out of range",
        "E161",
        "t,run,x\n0,10,256\n",
        columns={"submission": "t", "run_time": "run", "exit_code": "x"},
    ),
    trace(
        "B52",
        "an unknown column of ours",
        "E106",
        GOOD,
        "Did you mean run_time?",
        columns={"submission": "t", "runtime": "run"},
        only=False,
    ),
    trace(
        "B52",
        "an unknown unit",
        "E146",
        GOOD,
        columns={"submission": "t", "run_time": {"column": "run", "unit": "fortnights"}},
    ),
    trace(
        "B52",
        "a format that is none",
        "E161",
        GOOD,
        columns={"submission": {"column": "t", "format": "%Q"}, "run_time": "run"},
    ),
    trace("B52", "more vCPUs than any type", "E132", "t,run,cpus\n0,10,5000\n"),
    trace("B53", "nothing", "E162", "", "the trace is empty"),
    trace("B53", "only a header", "E162", "t,run,cpus\n", "no rows"),
    trace("B53", "only a header without its end", "E162", "t,run,cpus", "no rows"),
    trace("B53", "a mark and nothing else", "E162", b"\xef\xbb\xbf"),
    trace("B53", "only blank lines", "E162", "\n\n\n"),
    trace("B53", "blank lines after the header", "E162", "t,run,cpus\n\n\n\n"),
    trace("B53", "no row as where wants it", "E162", GOOD, at={"where": {"cpus": ["7"]}}),
]


def zipped(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return target.getvalue()


ZEROS = b"\0" * 20_000_000
BOMB = gzip.compress(ZEROS, 9)

PACKED = [
    trace("B55", what, "E160", content, f"of the format {kind}", "Nothing is unpacked", file=file)
    for what, kind, content, file in (
        ("gzip", "gzip", BOMB, "t.csv.gz"),
        ("gzip in gzip", "gzip", gzip.compress(BOMB), "t.csv.gz.gz"),
        ("gzip called a table", "gzip", gzip.compress(GOOD.encode()), "t.csv"),
        ("gzip cut off", "gzip", BOMB[:100], "t.csv.gz"),
        ("bzip2", "bzip2", bz2.compress(ZEROS), "t.csv.bz2"),
        ("xz", "xz", lzma.compress(ZEROS), "t.csv.xz"),
        ("zip", "zip", zipped("t.csv", ZEROS), "t.zip"),
        ("zip with a path that escapes", "zip", zipped("../../../tmp/escaped.csv", GOOD.encode()), "t.csv"),
        ("an empty zip", "zip", b"PK\x05\x06" + b"\0" * 18, "t.zip"),
        ("zstd", "zstd", b"\x28\xb5\x2f\xfd" + b"\0" * 100, "t.csv.zst"),
        ("lz4", "lz4", b"\x04\x22\x4d\x18" + b"\0" * 100, "t.csv.lz4"),
        ("7z", "7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 100, "t.7z"),
        ("compress", "compress", b"\x1f\x9d" + b"\0" * 100, "t.csv.Z"),
    )
]

SERIALISED = [
    trace("B60", what, code, content, f"of the format {kind}", file=file)
    for code, what, kind, content, file in (
        ("E168", "a pickle", "pickle", pickle.dumps({"t": [0]}), "t.pkl"),
        ("E168", "a pickle called a table", "pickle", pickle.dumps({"t": [0]}, 5), "t.csv"),
        ("E168", "a pickle of the first protocol", "pickle", b"cos\nsystem\n(S'touch canary'\ntR.", "t.csv"),
        ("E168", "NumPy", "NumPy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O'}", "t.npy"),
        ("E160", "Parquet", "Parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "t.parquet"),
        ("E160", "Arrow", "Arrow", b"ARROW1\0\0" + b"\0" * 100, "t.feather"),
        ("E160", "HDF5", "HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "t.h5"),
        ("E160", "SQLite", "SQLite", b"SQLite format 3\0" + b"\0" * 100, "t.db"),
        ("E160", "an old Excel book", "Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "t.xls"),
        ("E160", "a PDF", "PDF", b"%PDF-1.7\n", "t.csv"),
    )
]

PLACES = [
    trace("B56", what, "E165", GOOD, "--allow-path DIR", named=named)
    for what, named in (
        ("the folder above", "../t.csv"),
        ("an absolute path", "/etc/passwd"),
        ("far up", "../../../../etc/passwd"),
        ("up in the middle", "x/../../t.csv"),
        ("a device", "/dev/zero"),
        ("memory", "/proc/self/mem"),
        ("standard input", "/dev/stdin"),
        ("a descriptor", "/proc/self/fd/0"),
        ("a link to where it runs", "/proc/self/cwd/t.csv"),
    )
] + [
    trace("B56", "a NUL in a name", "E165", GOOD, named="t\0.csv", only=False),
    trace("B56", "a missing file", "E100", GOOD, named="nobody.csv", exit=4),
    trace("B56", "an empty name", "E100", GOOD, named="", exit=4),
    trace("B56", "its own folder", "E100", GOOD, named=".", exit=4),
    trace("B56", "a name of a thousand characters", "E100", GOOD, named="x" * 1000, exit=4),
    trace("B56", "a path of a hundred thousand characters", "E100", GOOD, named="x/" * 50_000, exit=4),
    trace("B56", "an address", "E100", GOOD, named="http://example.com/t.csv", exit=4),
    trace("B56", "another address", "E100", GOOD, named="s3://bucket/t.csv", exit=4),
    trace("B56", "a home", "E100", GOOD, named="~/t.csv", exit=4),
    trace("B56", "a variable", "E100", GOOD, named="$HOME/t.csv", exit=4),
    trace("B57", "a dash", "E100", GOOD, named="-", exit=4),
    trace("B57", "a device that is allowed", "E166", GOOD, named="/dev/zero", options=("--allow-path", "/dev")),
    trace("B57", "a null device that is allowed", "E166", GOOD, named="/dev/null", options=("--allow-path", "/dev")),
    trace(
        "B57", "memory that is allowed", "E100", GOOD, named="/proc/self/mem", options=("--allow-path", "/proc"), exit=4
    ),
    Case(row="B58", what="an include", code="E106", change={"include": ["s.yaml"]}, says=("unknown key",)),
    Case(row="B58", what="an include deep inside", code="E106", change={"world.include": "s.yaml"}),
    Case(row="B58", what="an include by tag", code="E109", content="name: x\nworkload: !include s.yaml\n", only=False),
]

CASES: list[Case] = [*SHAPES, *CELLS, *PACKED, *SERIALISED, *PLACES]
