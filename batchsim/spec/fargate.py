"""The 77 sizes in which Fargate sells tasks (API ResourceRequirement; ECS developer guide, "Fargate task sizes")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

FARGATE_MEMORY_MIB: Mapping[int, tuple[int, ...]] = {
    250: (512, 1024, 2048),
    500: tuple(range(1024, 4097, 1024)),
    1000: tuple(range(2048, 8193, 1024)),
    2000: tuple(range(4096, 16385, 1024)),
    4000: tuple(range(8192, 30721, 1024)),
    8000: tuple(range(16384, 61441, 4096)),
    16000: tuple(range(32768, 122881, 8192)),
    32000: (61440, 122880, 249856),
}
"""Memory sizes in MiB that go with each vCPU size in thousandths."""
LARGE_TASK_MILLI = 8_000
"""Tasks from this size on need platform version 1.4.0."""
LEAST_WINDOWS_MILLI = 1_000
"""The smallest Windows task."""


def is_fargate_size(vcpus_milli: int, memory_mib: int) -> bool:
    """Whether Fargate sells this pair."""
    return memory_mib in FARGATE_MEMORY_MIB.get(vcpus_milli, ())


def round_up_to_fargate(vcpus_milli: int, memory_mib: int) -> tuple[int, int] | None:
    """The smallest sold pair, by vCPU and then memory, that holds this one; None when none does."""
    for vcpus, memories in FARGATE_MEMORY_MIB.items():
        for memory in memories:
            if vcpus >= vcpus_milli and memory >= memory_mib:
                return vcpus, memory
    return None


def nearest_fargate(vcpus_milli: int, memory_mib: int) -> str:
    """The sold pairs nearest to one that is not, as text: the largest within it, the least two above it."""
    within = [(vcpus, memory) for vcpus, memory in _pairs() if vcpus <= vcpus_milli and memory <= memory_mib]
    least_above = [
        (vcpus, min(memory for memory in memories if memory >= memory_mib))
        for vcpus, memories in FARGATE_MEMORY_MIB.items()
        if vcpus >= vcpus_milli and memories[-1] >= memory_mib
    ]
    near = [*within[-1:], *least_above[:2]] or [list(_pairs())[-1]]
    shown = ", ".join(f"{show_vcpus(vcpus)} vCPU with {memory} MiB" for vcpus, memory in near)
    return f"The nearest sizes are {shown}" if least_above else f"None is so large; the nearest size is {shown}"


def fargate_choices(vcpus_milli: int) -> str:
    """What is allowed beside this vCPU size, as text for an error: its memory sizes, or else the vCPU sizes."""
    memories = FARGATE_MEMORY_MIB.get(vcpus_milli)
    if memories:
        return f"{', '.join(map(str, memories))} MiB with {show_vcpus(vcpus_milli)} vCPU"
    return f"{', '.join(map(show_vcpus, FARGATE_MEMORY_MIB))} vCPU"


def _pairs() -> Iterator[tuple[int, int]]:
    """All pairs, by vCPU and then memory."""
    return ((vcpus, memory) for vcpus, memories in FARGATE_MEMORY_MIB.items() for memory in memories)


def show_vcpus(vcpus_milli: int) -> str:
    """``0.25`` for 250, ``2`` for 2000."""
    return f"{vcpus_milli / 1000:g}"
