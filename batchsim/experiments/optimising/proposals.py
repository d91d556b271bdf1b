"""Optuna, asked for points and told what came of them.

Its sampler (tree-structured Parzen estimators: J. Bergstra et al., NIPS 2011) is seeded, and asked and told in batches
of one size in one order: the same results give the same proposals, whatever runs them. So nothing of it has to be
kept: an optimisation that goes on asks again from the start, and is answered from the runs that are there. With a
storage of Optuna's own, points come from all machines that share it, in the order in which they happen to.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from batchsim.errors import ExperimentError, printable
from batchsim.experiments.design import Settings
from batchsim.experiments.optimising.goals import Goals
from batchsim.experiments.optimising.space import Coordinates, Space, key_of
from batchsim.experiments.store import StoreError

if TYPE_CHECKING:
    import optuna

START = 10
"""Points of a Latin hypercube, before the sampler knows anything."""
_TRIES, _PAUSE_S = 5, 0.5
_MADE_TWICE = ("already exists", "UNIQUE constraint", "duplicate key")
_QUESTION = "batchsim"
_MEASURED = "batchsim_measured"


def optuna_version() -> str:
    """Of the library that is installed. Raises :class:`ExperimentError` if none is."""
    return str(_optuna().__version__)


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise ExperimentError(
            "optimising needs Optuna, which is not installed: pip install 'batchsim[optimise]'"
        ) from None
    return optuna


@dataclass(slots=True)
class Proposal:
    """A point to try."""

    trial: Any
    """Of Optuna's; None of one that was moved, of which a shared storage is told when it is done."""
    settings: Settings
    at: Coordinates


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A point that another process has tried."""

    settings: Settings
    rows: tuple[tuple[float | None, ...], ...]
    """Of each replication the metrics of the goals."""
    ran: tuple[bool, ...]


class Proposals:
    """The optimiser of one question."""

    def __init__(
        self, space: Space, goals: Goals, seed: int, name: str, storage: str | None, question: Mapping[str, Any]
    ) -> None:
        self._optuna = _optuna()
        self._space, self._seed = space, seed
        self.is_shared = storage is not None
        self._database: Any = None
        with _quiet(), _told(storage):
            try:
                self._study = self._opened(goals, name, storage, dict(question))
            except BaseException:
                self.close()
                raise
        self._laws = {path: self._law(path) for path in space.knobs}
        self._asked = 0
        self._seen: set[int] = set()
        """Numbers of trials that are ours, or that have been taken over."""
        self._storage = storage

    def close(self) -> None:
        """Leave the storage, if there is one."""
        if self._database is not None:
            self._database.remove_session()
            self._database.engine.dispose()

    def start(self) -> None:
        """Enqueue a Latin hypercube; not in a shared storage, where two machines may take the same enqueued point."""
        from scipy.stats.qmc import LatinHypercube

        if self.is_shared:
            return
        with _quiet():
            digest = blake2b(f"{self._seed}/optimise".encode(), digest_size=8).digest()
            for row in LatinHypercube(len(self._space.knobs), rng=int.from_bytes(digest)).random(START).tolist():
                self._enqueue(self._space.of_uniform(row))

    def ask(self, known: set[str]) -> Proposal | None:
        """A point that is not among ``known``; None if none can be found."""
        with _quiet(), _told(self._storage):
            for _ in range(2):
                trial = self._study.ask(self._laws)
                self._asked += 1
                self._seen.add(trial.number)
                at = self._coordinates(trial.params)
                settings = self._space.settings(at)
                if key_of(settings) not in known:
                    return Proposal(trial, settings, at)
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
                moved = self._space.near(at, f"{self._seed}/move/{self._asked}", lambda s: key_of(s) in known)
                if moved is None:
                    return None
                if self.is_shared:
                    return Proposal(None, self._space.settings(moved), moved)
                self._enqueue(moved)
        return None

    def tell(
        self, proposal: Proposal, values: Sequence[float], violations: Mapping[str, float], shared: Elsewhere
    ) -> None:
        """What came of a point: objectives as they are, constraints as violations."""
        trial, measured = proposal.trial, json.dumps([shared.settings, shared.rows, shared.ran])
        with _quiet(), _told(self._storage):
            if trial is None:
                self._study.add_trial(
                    self._optuna.trial.create_trial(
                        values=list(values), params=self._params(proposal.at), distributions=self._laws,
                        user_attrs={_MEASURED: measured}, constraints=dict(violations),
                    )
                )  # fmt: skip
                return
            for name, violation in violations.items():
                trial.set_constraint(name, violation)
            if self.is_shared:
                trial.set_user_attr(_MEASURED, measured)
            self._study.tell(trial, list(values))

    def elsewhere(self) -> Iterator[Elsewhere]:
        """What other processes have tried since this was last asked."""
        if not self.is_shared:
            return
        with _quiet(), _told(self._storage):
            for trial in self._study.get_trials(deepcopy=False, states=[self._optuna.trial.TrialState.COMPLETE]):
                if trial.number not in self._seen and _MEASURED in trial.user_attrs:
                    self._seen.add(trial.number)
                    settings, rows, ran = json.loads(trial.user_attrs[_MEASURED])
                    told = tuple((path, value) for path, value in settings)
                    yield Elsewhere(told, tuple(tuple(row) for row in rows), tuple(ran))

    def _created(self, goals: Goals, name: str, storage: str | None) -> optuna.Study:
        seed: int | None = self._seed % 2**32
        if storage is not None:
            seed = None  # machines that share a search must not propose the same points
            self._database = self._optuna.storages.RDBStorage(storage)
        study: optuna.Study = self._optuna.create_study(
            study_name=name,
            storage=self._database,
            sampler=self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=START),
            directions=["minimize" if each.sign > 0 else "maximize" for each in goals.objectives],
            load_if_exists=True,
        )
        return study

    def _opened(self, goals: Goals, name: str, storage: str | None, question: dict[str, Any]) -> optuna.Study:
        """The study; two machines that begin at once both make tables and rows, of which one has to try again."""
        for _ in range(_TRIES - 1):
            try:
                return self._once_opened(goals, name, storage, question)
            except Exception as error:
                if not any(told in str(error.__cause__ or error) for told in _MADE_TWICE):
                    raise
                self.close()
                time.sleep(_PAUSE_S)
        return self._once_opened(goals, name, storage, question)

    def _once_opened(self, goals: Goals, name: str, storage: str | None, question: dict[str, Any]) -> optuna.Study:
        study = self._created(goals, name, storage)
        if storage is not None:
            _refuse_other(study, question, name)
        return study

    def _law(self, path: str) -> Any:
        knob, laws = self._space.knobs[path], self._optuna.distributions
        if not knob.levels:
            return laws.FloatDistribution(0.0, 1.0)
        if knob.is_ordered:
            return laws.IntDistribution(0, len(knob.levels) - 1)
        return laws.CategoricalDistribution(list(range(len(knob.levels))))

    def _coordinates(self, params: Mapping[str, Any]) -> dict[str, float]:
        return {path: float(params[path]) for path in self._space.knobs}

    def _enqueue(self, at: Coordinates) -> None:
        self._study.enqueue_trial(self._params(at))

    def _params(self, at: Coordinates) -> dict[str, Any]:
        return {path: int(value) if self._space.knobs[path].levels else value for path, value in at.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna says on stderr what it does, and warns of what is experimental; our own words tell enough."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="optuna")
            warnings.filterwarnings("ignore", category=_optuna().exceptions.ExperimentalWarning)
            yield
    finally:
        logger.setLevel(before)


@contextmanager
def _told(storage: str | None) -> Iterator[None]:
    """Errors of a storage as a :class:`StoreError`, without the password that its address may hold."""
    if storage is None:
        yield
        return
    import sqlalchemy.exc

    shown = printable(_shown(storage))
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, _optuna().exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error
        told = " ".join(str(getattr(cause, "orig", None) or cause).split())
        raise StoreError(f"{shown}: the storage cannot be used: {printable(told)[:300]} [E193]") from None
    except (ModuleNotFoundError, ImportError) as error:
        raise StoreError(f"{shown}: no driver for this storage: {error}; pip install it [E193]") from None
    except ValueError as error:
        if isinstance(error, ExperimentError | StoreError):
            raise
        raise StoreError(
            f"{shown}: the storage cannot be used: {printable(' '.join(str(error).split()))[:300]} [E193]"
        ) from None


def _refuse_other(study: optuna.Study, question: dict[str, Any], name: str) -> None:
    """A study of this name in a shared storage must be of the same scenario, code and seed."""
    there = study.user_attrs.get(_QUESTION)
    if there is None:
        study.set_user_attr(_QUESTION, question)
        return
    for what, here in question.items():
        if there.get(what) != here:
            raise ExperimentError(
                f"the study {printable(name)} in the storage was made of another {what}: {there.get(what)} there, "
                f"{here} now. Give --name for a study of its own [E190]"
            )


def _shown(storage: str) -> str:
    """The address without its password."""
    before, at, host = storage.rpartition("@")
    scheme, slashes, user = before.partition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}{at}{host}" if at else storage
