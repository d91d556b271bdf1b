"""Execute the notebooks and write their outputs.

``notebooks/N_name.py`` (jupytext, py:percent) is the source; ``N_name.ipynb`` beside it is built from it, with the
outputs of one execution, and is committed. Run it after a change to a notebook, or to what a notebook shows::

    python scripts/build_notebooks.py             # all of them; or name some: 2_step_by_step
    python scripts/build_notebooks.py --check     # writes nothing; exit 1 if a pair is out of step

Cells run in ``notebooks/``, with this interpreter, an empty home and no network. The Python blocks of hidden answers
(in a ``<details>``) run too, behind all cells and in their order; a ``text`` block behind one is what it prints. A cell
that writes to stderr, and so one that warns, is an error. The same source and versions give the same bytes: nothing
holds a time, a version, a path or a random id. ``--check`` compares text; of pictures, that there are as many.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from traitlets.config import Config

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
TIMEOUT_S = 600
"""For one cell, on a machine that has much else to do; none should take more than a few seconds of its own."""
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
ANSWER = "answer"
"""Tag of the cells that are executed and not kept."""
HIDDEN = re.compile(r"<details>.*?</details>", re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
PRIVATE = re.compile(rf"{re.escape(str(PROJECT))}|\b0x[0-9a-f]{{8,}}\b")
"""What would differ on another machine, or the next time: this folder's path, an object's address."""


def sources() -> list[Path]:
    """The notebooks' sources, in their order."""
    return sorted(NOTEBOOKS.glob("*.py"))


# reading and writing -------------------------------------------------------------------------------


def read_source(path: Path) -> NotebookNode:
    """A source as a notebook without outputs; its cells have the same ids each time."""
    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        digest = blake2b(f"{cell.cell_type}|{cell.source}".encode(), digest_size=6).hexdigest()
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """A notebook as it stands on disk."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


# executing -----------------------------------------------------------------------------------------


class _Kernel(AsyncKernelManager):
    """This interpreter's kernel, whatever kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """How it is started; the name does not matter."""
        kernel = Path(__file__).with_name("notebook_kernel.py")
        argv = [sys.executable, str(kernel), "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def execute(notebook: NotebookNode) -> list[str]:
    """Execute the cells in place, then the answers; return what is wrong with what they did."""
    cells, answers = list(notebook.cells), list(_answers(notebook))
    notebook.cells = [*cells, *(cell for cell, _ in answers)]
    with tempfile.TemporaryDirectory(prefix="nb") as box:
        client = _client(notebook, Path(box))
        try:
            client.execute(env=_environment(Path(box)), cwd=str(NOTEBOOKS))
        except (CellExecutionError, CellTimeoutError) as error:
            return [_plain(str(error))]
    notebook.cells = cells
    _tidy(notebook)
    told = [_untold(cell, wanted) for cell, wanted in answers if wanted and _printed(cell) != wanted]
    return [*told, *_faults([*cells, *(cell for cell, _ in answers)])]


def _client(notebook: NotebookNode, box: Path) -> NotebookClient:
    """Return what executes a notebook; where that is possible, it talks to the kernel by files in the box."""
    kernel = {"connection_file": str(box / "kernel.json"), "transport": "ipc" if os.name == "posix" else "tcp"}
    return NotebookClient(
        notebook,
        kernel_manager_class=_Kernel,
        config=Config({"ConnectionFileMixin": kernel}),
        timeout=TIMEOUT_S,
        record_timing=False,
        coalesce_streams=True,
    )


def _environment(box: Path) -> dict[str, str]:
    """A stranger's environment: nothing of this one's settings, and all that is written goes into the box."""
    kept = {name: value for name, value in os.environ.items() if not re.match("JUPYTER|IPYTHON|MPL|HYPOTHESIS", name)}
    homes = ("HOME", "USERPROFILE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    files = {"MPLCONFIGDIR": box / "matplotlib", "HYPOTHESIS_STORAGE_DIRECTORY": box / "hypothesis"}
    return kept | {name: str(box) for name in homes} | {name: str(path) for name, path in files.items()}


def _answers(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """The code of the hidden answers as cells, each with what it is to print ("" where that is not said)."""
    for cell in notebook.cells:
        for hidden in HIDDEN.findall(cell.source) if cell.cell_type == "markdown" else ():
            for code, printed in BLOCK.findall(hidden):
                yield nbformat.v4.new_code_cell(code, metadata={"tags": [ANSWER]}), _lines(printed)


def _printed(cell: NotebookNode) -> str:
    return _lines("".join(output.text for output in cell.outputs if output.output_type == "stream"))


def _lines(text: str) -> str:
    """A text without blanks at the ends of its lines, as sources have it."""
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


def _untold(cell: NotebookNode, wanted: str) -> str:
    return f"an answer prints\n{_printed(cell)}\nand not\n{wanted}\nIts code:\n{cell.source}"


def _tidy(notebook: NotebookNode) -> None:
    """Drop what nobody needs and another machine would do differently."""
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel tells its Python's version
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                output.data.pop("text/plain", None)  # <Figure size ...> beside the picture itself


def _faults(cells: Sequence[NotebookNode]) -> Iterator[str]:
    """What no cell may leave behind: warnings, paths of this machine, addresses of objects."""
    for cell in cells:
        for output in cell.get("outputs", ()):
            shown = "".join(_texts(output))
            if output.get("name") == "stderr":
                yield f"a cell writes to stderr:\n{shown}\nIts code:\n{cell.source}"
            elif PRIVATE.search(shown):
                yield f"a cell shows a path of this machine or an object's address:\n{shown}"


def _texts(output: NotebookNode) -> list[str]:
    """The text of an output: what it prints, or each of its representations that is no picture."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    return [str(data[kind]) for kind in sorted(data) if not kind.startswith("image/")]


def _plain(text: str) -> str:
    """A traceback without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# comparing -----------------------------------------------------------------------------------------


def differences(committed: NotebookNode, fresh: NotebookNode) -> Iterator[str]:
    """Where what is committed is not what was executed just now: sources, ids, text, the number of pictures."""
    if [_written(cell) for cell in committed.cells] != [_written(cell) for cell in fresh.cells]:
        yield "its cells are not those of its source"
        return
    if committed.metadata != fresh.metadata:
        yield "its metadata differ"
    for number, (before, now) in enumerate(zip(committed.cells, fresh.cells, strict=True), 1):
        if _shown(before) != _shown(now):
            yield f"cell {number} shows {_first_other(_shown(before), _shown(now))}"


def _written(cell: NotebookNode) -> tuple[Any, ...]:
    return cell.cell_type, cell.source, cell.id, cell.metadata, cell.get("execution_count")


def _shown(cell: NotebookNode) -> list[str]:
    """What a cell shows, output by output: its text, and for a picture that there is one."""
    shown: list[str] = []
    for output in cell.get("outputs", ()):
        pictures = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
        shown += [*_texts(output), *pictures]
    return shown


def _first_other(before: list[str], now: list[str]) -> str:
    pairs = ((old, new) for old, new in zip(before, now, strict=False) if old != new)
    old, new = next(pairs, (f"{len(before)} outputs", f"{len(now)}"))
    return f"\n{new}\nwhere this is committed:\n{old}"


# commands ------------------------------------------------------------------------------------------


def build(source: Path, *, check: bool) -> list[str]:
    """Execute one notebook, and write it or compare it with what is committed; return what is wrong."""
    fresh = read_source(source)
    wrong = execute(fresh)
    target = source.with_suffix(".ipynb")
    if wrong:
        return wrong
    if not check:
        target.write_text(text_of(fresh), encoding="utf-8", newline="\n")
        return []
    if not target.exists():
        return [f"{target.name} is missing: run python scripts/build_notebooks.py"]
    return list(differences(nbformat.read(target, nbformat.NO_CONVERT), fresh))


def main() -> int:
    """Build or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Execute the notebooks and write their outputs.")
    parser.add_argument("names", nargs="*", help="notebooks, as 2_step_by_step; all of them if none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a pair is out of step")
    options = parser.parse_args()
    known = {source.stem: source for source in sources()}
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"no notebook is called {', '.join(unknown)}; there are {', '.join(known)}")
    failed = False
    for name in options.names or known:
        wrong = build(known[name], check=options.check)
        failed |= bool(wrong)
        print(f"{name}: {len(wrong) or 'nothing'} wrong", *wrong, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
