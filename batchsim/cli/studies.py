"""``batchsim studies``: what a store keeps, listed, exported, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from batchsim.cli.guard import guarded
from batchsim.errors import ExperimentError, OutputError, printable

if TYPE_CHECKING:
    from batchsim.experiments.store import Store
    from batchsim.experiments.store_rows import Kept

_KINDS = (".csv", ".parquet")


def list_studies(path: Path, name: str | None, *, as_json: bool) -> None:
    """Print all studies of the store, or one."""
    from batchsim.experiments.store import Store

    with guarded(), Store(path, must_exist=True) as store:
        found = [_named(store, name)] if name is not None else store.studies()
        rows = [_row(kept) for kept in found]
        if as_json:
            from batchsim.report.summary_json import dumps

            typer.echo(dumps({"store": str(path), "studies": rows}), nl=False)
        elif rows:
            from batchsim.report.studies_list import ORDER
            from batchsim.report.terminal import print_report

            print_report({"store": str(path), "studies": rows}, ORDER)
        else:
            typer.echo(printable(f"{path} keeps no study"))


def export_study(path: Path, name: str, file: Path, *, force: bool) -> None:
    """Write the finished runs of a study, every metric, as CSV or Parquet."""
    from batchsim.experiments.exported import exported
    from batchsim.experiments.store import Store

    with guarded(), Store(path, must_exist=True) as store:
        if file.suffix not in _KINDS:
            raise typer.BadParameter(f"{file} is to end in .csv or .parquet", param_hint="--export")
        kept = _named(store, name)
        _write(file, exported(store, kept), force=force)
        of = kept.points * kept.replications
        typer.echo(printable(f"{kept.done:,} of {of:,} runs of {name}: {file}"))


def remove_study(path: Path, name: str) -> None:
    """Forget a study and its runs."""
    from batchsim.experiments.store import Store

    with guarded(), Store(path, must_exist=True) as store:
        kept = _named(store, name)
        store.remove(kept.id)
        typer.echo(printable(f"{name} and its {kept.done:,} runs are forgotten"))


def _named(store: Store, name: str) -> Kept:
    from batchsim.spec.near import did_you_mean

    kept = store.find(name)
    if kept is None:
        names = [each.question.name for each in store.studies()]
        hint = did_you_mean(name, names) or (f"There are {', '.join(names)}" if names else "It keeps none")
        raise ExperimentError(printable(f"{store.path}: no study {name!r}. {hint}"))
    return kept


def _write(file: Path, frame: Any, *, force: bool) -> None:
    """All of it or nothing: staged beside its place."""
    from batchsim.formats import table_csv
    from batchsim.report.columns import columns_of
    from batchsim.report.parquet import parquet

    if file.exists() and not force:
        raise OutputError(f"{file}: E180: it is there already; choose another, or --force to replace it")
    if file.suffix == ".parquet":
        content = parquet(frame)
    else:
        content = "".join(table_csv.lines(columns_of(frame), lambda _: table_csv.AS_NEEDED)).encode()
    staged = file.with_name(f".{file.name}.staged")
    try:
        staged.write_bytes(content)
        staged.replace(file)
    finally:
        staged.unlink(missing_ok=True)


def _row(kept: Kept) -> dict[str, Any]:
    question = kept.question
    return {
        "name": question.name, "points": kept.points, "replications": kept.replications, "done": kept.done,
        "failed": kept.failed, "seed": question.seed, "scenario_hash": question.scenario_hash, "code": question.code,
        "asked": dict(question.asked), "created_at": kept.created_at,
    }  # fmt: skip
