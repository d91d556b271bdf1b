"""One mutant by its kind and number: the same files whenever and wherever it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from batchsim.fuzz.bases import Base
from batchsim.fuzz.by_bytes import by_bytes
from batchsim.fuzz.by_structure import by_structure
from batchsim.fuzz.by_tokens import by_cells, by_tokens
from batchsim.fuzz.files import Files, scenario_name, with_scenario, written
from batchsim.fuzz.plans import targets_of, with_plan
from batchsim.spec import parse
from batchsim.testing.swarm import Dice, draw_scenario
from batchsim.testing.swarm.choices import Choices, chance, pick

Bases = Sequence[Base]


@dataclass(frozen=True)
class Mutant:
    """A scenario for batchsim to refuse or to run."""

    kind: str
    number: int
    base: Base | None
    """What it was made of; None for one that is random from the start."""
    files: Files

    @property
    def must_be_valid(self) -> bool:
        """Whether a refusal would be an error of ours."""
        return self.kind in VALID

    @property
    def is_as_its_base(self) -> bool:
        """Whether only the scenario's own file differs, so that an equal scenario is an equal run."""
        if self.base is None:
            return False
        own = scenario_name(self.files)
        return all(content == self.base.files.get(name) for name, content in self.files.items() if name != own)


def make_mutant(kind: str, number: int, bases: Bases) -> Mutant:
    """The mutant of this kind and number. Raises ``KeyError`` for an unknown kind."""
    return _MAKERS[kind](kind, number, bases)


def dice_of(kind: str, number: int) -> Dice:
    """The choices that make one mutant."""
    return Dice(int.from_bytes(blake2b(f"{kind}|{number}".encode(), digest_size=8).digest()))


def _changed(kind: str, number: int, bases: Bases) -> Mutant:
    """One of the base scenarios with its own file, or one that it names, changed."""
    choices = dice_of(kind, number)
    base, other = pick(choices, bases), pick(choices, bases)
    own, *named = base.files
    target = pick(choices, named) if named and kind != "structure" and chance(choices, 60) else own
    change = _CHANGES[kind] if target == own else _TABLE_CHANGES[kind]
    return Mutant(kind, number, base, {**base.files, target: change(base, other, target, choices)})


def _change_bytes(base: Base, other: Base, target: str, choices: Choices) -> bytes:
    return by_bytes(base.files[target], other.text, choices)


def _change_tokens(base: Base, other: Base, target: str, choices: Choices) -> bytes:
    del other
    return by_tokens(base.files[target].decode(errors="replace"), choices).encode("utf-8", "surrogatepass")


def _change_cells(base: Base, other: Base, target: str, choices: Choices) -> bytes:
    del other
    return by_cells(base.files[target].decode(errors="replace"), choices).encode("utf-8", "surrogatepass")


def _change_structure(base: Base, other: Base, target: str, choices: Choices) -> bytes:
    del target
    return written(by_structure(base.data, other.data, choices))


_Change = Callable[[Base, Base, str, Choices], bytes]
_CHANGES: Mapping[str, _Change] = {
    "bytes": _change_bytes,
    "tokens": _change_tokens,
    "structure": _change_structure,
}
_TABLE_CHANGES: Mapping[str, _Change] = {"bytes": _change_bytes, "tokens": _change_cells}


def _random(kind: str, number: int, bases: Bases) -> Mutant:
    """A random scenario with random faults."""
    del bases
    data = draw_scenario(Dice(number))
    choices = dice_of(kind, number)
    if chance(choices, 50):
        data = with_plan(data, targets_of(parse(data)), choices)
    return Mutant(kind, number, None, {"random.yaml": written(data)})


def _faulty(kind: str, number: int, bases: Bases) -> Mutant:
    """One of the base scenarios under a random fault plan."""
    choices = dice_of(kind, number)
    base = pick(choices, bases)
    return Mutant(kind, number, base, with_scenario(base.files, written(with_plan(base.data, base.targets, choices))))


_MAKERS: Mapping[str, Callable[[str, int, Bases], Mutant]] = {
    "bytes": _changed,
    "tokens": _changed,
    "structure": _changed,
    "random": _random,
    "faults": _faulty,
}
KINDS = tuple(_MAKERS)
"""The kinds of mutants, in the order in which tables show them."""
VALID = ("random", "faults")
"""Those that batchsim may not refuse."""
