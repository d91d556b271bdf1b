"""From the words in ``instanceTypes`` (types, families, bundles) to types: the catalogue's and the scenario's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from batchsim.catalog.instance_types import bundles, instance_types
from batchsim.spec.facts import InstanceType
from batchsim.spec.world import CustomType


@dataclass(frozen=True, slots=True)
class Shelf:
    """All types that a scenario can name, in catalogue order, its own ones last; and each family's types."""

    types: Mapping[str, InstanceType]
    families: Mapping[str, tuple[InstanceType, ...]]
    position: Mapping[str, int]
    """Place of each type in catalogue order: the last tie-break wherever types are compared."""

    def knows(self, word: str) -> bool:
        """Whether ``word`` is a type, a family or a bundle."""
        return word in self.types or word in self.families or word in bundles()

    def words(self) -> Iterator[str]:
        """Everything that ``instanceTypes`` may hold."""
        yield from bundles()
        yield from self.families
        yield from self.types

    def members(self, word: str) -> tuple[InstanceType, ...]:
        """The types behind a family or bundle, without bare metal (AWS Batch uses that only by its exact name)."""
        families = bundles().get(word, (word,))
        return tuple(found for family in families for found in self.families.get(family, ()) if not found.bare_metal)


def shelf_with(own: Mapping[str, CustomType]) -> Shelf:
    """The catalogue with a scenario's own types added or put over it; a new type without a size is left out."""
    if not own:
        return _catalogue()
    types = dict(instance_types())
    for name, custom in own.items():
        made = _made(name, custom, types.get(name))
        if made is not None:
            types[name] = made
    return _shelf(types)


@cache
def _catalogue() -> Shelf:
    return _shelf(instance_types())


def _shelf(types: Mapping[str, InstanceType]) -> Shelf:
    families: dict[str, list[InstanceType]] = {}
    for found in types.values():
        families.setdefault(found.family, []).append(found)
    by_family = {name: tuple(members) for name, members in families.items()}
    return Shelf(types, by_family, {name: position for position, name in enumerate(types)})


def _made(name: str, custom: CustomType, known: InstanceType | None) -> InstanceType | None:
    """A type as the scenario wants it: what it does not say comes from the catalogue."""
    if known is None:
        if custom.vcpu is None or custom.memory is None:
            return None
        family, _, size = name.partition(".")
        known = InstanceType(name, family, custom.vcpu, custom.memory, 0, "x86_64", size.startswith("metal"))
    return replace(
        known,
        vcpus=custom.vcpu or known.vcpus,
        memory_mib=custom.memory or known.memory_mib,
        gpus=known.gpus if custom.gpu is None else custom.gpu,
        architecture=custom.arch or known.architecture,
    )
