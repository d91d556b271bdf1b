"""Fair share: whose turn it is, and how much room is kept for shares that are yet to come.

API, FairsharePolicy and ShareAttributes; User Guide, "Fair-share scheduling policies" and "Share identifiers". A
share's usage is the vCPU time of its running and recently ended jobs times its weight factor; the share with the least
is next. AWS does not publish how usage fades: that is a kernel here (``world.decay_kernel``).

Usage is exact, so that ties are ties. Its unit is vCPU-thousandths times ms, for the linear kernel 2W times as fine,
where W is the window in ms; only the exponential kernel needs floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, ldexp
from typing import Literal

DecayKernel = Literal["linear", "exponential", "rect"]
HeadOfLine = Literal["strict", "per_share"]

UNIT_WEIGHT_NANO = 10**9
"""The weight factor 1.0, of every share that no entry of ``shareDistribution`` is for."""
MOST_ACTIVE = 500
"""Active share identifiers of a queue (API, ShareAttributes)."""

Step = tuple[int, int]
"""From an instant in ms on, so many thousandths of a vCPU are held."""

_LN2 = 0.6931471805599453
_EXP_SERIES = tuple(1.0 / factorial(k) for k in range(18, -1, -1))


# -- weights


def effective_weight(weight: int, *, prefix: bool, active: int) -> int:
    """Return the factor of one share: behind a prefix, the entry's times the active shares that begin so.

    So the shares of a prefix weigh together what the entry says (User Guide, "Scheduling policy parameters").
    """
    return weight * max(1, active) if prefix else weight


# -- usage


def window_of(share_decay_s: int, min_window_ms: int) -> int:
    """Return the window W in ms: ``shareDecaySeconds``, at least ``world.min_window`` (API: 600 s)."""
    return max(share_decay_s * 1000, min_window_ms)


def units_per_ms(kernel: DecayKernel, window_ms: int) -> int:
    """Return how many units of usage a thousandth of a vCPU, held for the ms just past, counts."""
    return 2 * window_ms if kernel == "linear" else 1


def placement_charge(kernel: DecayKernel, window_ms: int, update_ms: int) -> int:
    """Return what a thousandth of a vCPU counts from its placement to the next update of usage.

    As if it had been held for the whole of ``world.usage_update`` already: else a burst of placements in one instant
    would all go to one share. Without a window usage is what is held, so it counts itself.
    """
    return update_ms * units_per_ms(kernel, window_ms) if window_ms else 1


def decayed_usage(kernel: DecayKernel, window_ms: int, steps: Sequence[Step], at_ms: int) -> int | float:
    """Return a share's usage at an instant, from all it ever held; ``engine/usage.py`` keeps it up to date instead.

    A vCPU-second of age a counts max(0, 1 - a/W) with the linear kernel, 1 while a < W with the rectangular one,
    2**(-2a/W) with the exponential one. With W = 0 usage is what is held at that instant.
    """
    if not window_ms:
        return next((level for since, level in reversed(steps) if since <= at_ms), 0)
    if kernel == "exponential":
        return _faded(steps, at_ms, window_ms)
    usage, begin = 0, at_ms - window_ms
    for number, (since, level) in enumerate(steps):
        until = steps[number + 1][0] if number + 1 < len(steps) else at_ms
        low, high = max(since, begin) - begin, min(until, at_ms) - begin
        if low < high:
            usage += level * ((high * high - low * low) if kernel == "linear" else (high - low))
    return usage


def _faded(steps: Sequence[Step], at_ms: int, window_ms: int) -> float:
    usage, last, held = 0.0, 0, 0
    for since, level in steps:
        if since > at_ms:
            break
        usage, last, held = fade(usage, held, since - last, window_ms), since, level
    return fade(usage, held, at_ms - last, window_ms)


def fade(usage: float, held: int, length_ms: int, window_ms: int) -> float:
    """Return exponentially decaying usage after so long, in which ``held`` thousandths of a vCPU were in use.

    The half-life is W/2. Made of exactly rounded operations alone, so that all machines agree.
    """
    if not length_ms:
        return usage
    halvings, rest = divmod(2 * length_ms, window_ms)
    argument, power = -_LN2 * (rest / window_ms), 0.0
    for coefficient in _EXP_SERIES:
        power = power * argument + coefficient
    left = ldexp(power, -halvings)
    return usage * left + held * (window_ms / (2 * _LN2)) * (1.0 - left)


# -- the reservation


def unreserved_milli(total_milli: int, reservation: int, active: int) -> int:
    """Return what jobs may hold, in thousandths of a vCPU: all but ``(computeReservation/100) ** active shares`` of it.

    API, FairsharePolicy.computeReservation.
    """
    whole, kept = int(100**active), int(reservation**active)
    return total_milli * (whole - kept) // whole


def jobs_admitted(room_milli: int, vcpus_milli: int, jobs: int) -> int:
    """Return how many of some equal jobs may start without touching what is reserved."""
    return max(0, min(jobs, room_milli // vcpus_milli))
