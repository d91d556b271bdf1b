"""``world.ec2_vcpu_quota``: how many vCPUs an account may run, by purchase option and class of instance families.

EC2 User Guide, "On-Demand Instance quotas" and "Spot Instance quotas": quotas are in vCPUs, one for each class, counted
over the account's running instances in the region. AWS raises them on request, so the default is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from batchsim.spec.base import MAX_INT, FileForm, check_whole, flawed
from batchsim.spec.fields import Reader, read_fields
from batchsim.spec.near import did_you_mean

CLASSES = ("standard", "g_vt", "p", "f", "inf", "trn", "dl", "x", "high_memory", "hpc")
"""As EC2 counts: Standard is A, C, D, H, I, M, R, T and Z."""
_BY_LETTERS = {
    "g": "g_vt",
    "gr": "g_vt",
    "vt": "g_vt",
    "u": "high_memory",
    **{word: word for word in ("p", "f", "inf", "trn", "dl", "x", "hpc")},
}
_LETTERS = re.compile("[a-z]*")
_NEW_ACCOUNT_VCPUS = 5
"""Of Standard families, On-Demand and Spot; 0 of all others (EC2 User Guide, as of 2026)."""


def quota_class(family: str) -> str:
    """The class that a family counts in, by the letters that it begins with; what EC2 does not know is Standard."""
    letters = _LETTERS.match(family)
    return _BY_LETTERS.get(letters[0] if letters else "", "standard")


@dataclass(frozen=True, slots=True)
class VcpuQuotas:
    """Quotas in vCPUs by class; a class that is missing has none."""

    on_demand: Mapping[str, int] = field(default_factory=dict)
    spot: Mapping[str, int] = field(default_factory=dict)

    def of(self, class_: str, *, spot: bool) -> int | None:
        """The quota of a class; None where there is no limit."""
        return (self.spot if spot else self.on_demand).get(class_)

    def __bool__(self) -> bool:
        return bool(self.on_demand or self.spot)

    def __str__(self) -> str:
        shown = _show(self)
        if isinstance(shown, str):
            return shown
        return "; ".join(
            f"{option.replace('_', '-')} {', '.join(f'{class_} {vcpus}' for class_, vcpus in given.items())}"
            for option, given in shown.items()
        )


UNLIMITED = VcpuQuotas()
_OF_A_NEW_ACCOUNT = {class_: _NEW_ACCOUNT_VCPUS if class_ == "standard" else 0 for class_ in CLASSES}
NEW_ACCOUNT = VcpuQuotas(_OF_A_NEW_ACCOUNT, _OF_A_NEW_ACCOUNT)
"""A new account's."""
PRESETS: Mapping[str, VcpuQuotas] = {"unlimited": UNLIMITED, "new_account": NEW_ACCOUNT}
_ALLOWED = "unlimited, new_account, {on_demand: {standard: 64, g_vt: 8}, spot: {standard: 256}}"


def _read(value: object) -> VcpuQuotas:
    if isinstance(value, VcpuQuotas):
        return value
    if isinstance(value, str):
        if value not in PRESETS:
            raise flawed("E113", "not one of the allowed values", value, allowed=_ALLOWED)
        return PRESETS[value]
    if not isinstance(value, Mapping):
        raise flawed("E112", "not a mapping", value, allowed=_ALLOWED)
    on_demand, spot = read_fields(value, {"on_demand": _read_classes, "spot": _read_classes}, 0)
    return VcpuQuotas(on_demand or {}, spot or {})


def _read_classes(value: object) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise flawed("E112", "not a mapping", value, allowed="{standard: 64, ...}")
    readers: dict[str, Reader] = dict.fromkeys(CLASSES, lambda vcpus: check_whole(vcpus, "E114", 0, MAX_INT))
    strange = next((key for key in value if key not in readers), None)
    if strange is not None:
        hint = did_you_mean(strange, CLASSES) or f"{strange} counts as {quota_class(str(strange).lower())}"
        raise flawed("E106", "unknown class", strange, path=(strange,), allowed=", ".join(CLASSES), hint=hint)
    read = read_fields(value, readers, 0)
    return {class_: vcpus for class_, vcpus in zip(CLASSES, read, strict=True) if vcpus is not None}


def _show(quotas: VcpuQuotas) -> Any:
    preset = next((name for name, each in PRESETS.items() if each == quotas), None)
    if preset is not None:
        return preset
    given = {"on_demand": dict(quotas.on_demand), "spot": dict(quotas.spot)}
    return {option: classes for option, classes in given.items() if classes}


_CLASSES_SCHEMA = {
    "type": "object",
    "properties": {class_: {"type": "integer", "minimum": 0} for class_ in CLASSES},
    "additionalProperties": False,
}
_SCHEMA = {
    "anyOf": [
        {"enum": list(PRESETS)},
        {
            "type": "object",
            "properties": {"on_demand": _CLASSES_SCHEMA, "spot": _CLASSES_SCHEMA},
            "additionalProperties": False,
        },
    ]
}
Ec2VcpuQuota = Annotated[VcpuQuotas, FileForm(_read, _SCHEMA, _show)]
