"""Figures and names as a person reads them: durations, dollars, shares, counts, bars; names made safe for terminals."""

from __future__ import annotations

NOTHING = "–"
"""What stands where there is no figure."""

_UNITS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"))
_BAR = "█"
_PARTS_OF_BAR = " ▏▎▍▌▋▊▉"

_WORDS = {
    "bid": "Spot price not below the bid",
    "capacity_error": "no EC2 capacity",
    "consumable_resource": "consumable resource in use",
    "ebs": "EBS",
    "client_backoff": "client's back-off after RunTask failed",
    "fleet_full": "room on the standing fleet",
    "higher_queue": "queue of higher priority",
    "kept_by_minvcpus": "kept on by minvCpus or a fleet",
    "launch_rate": "launch or dispatch rate",
    "az_outage": "zone outage",
    "lost_to_faults": "lost to faults",
    "lost_to_spot": "lost to Spot",
    "max_vcpus": "environment at maxvCpus",
    "nat": "NAT",
    "nothing_fits": "no instance type fits",
    "over_max_resource": "more than the environment's maximum",
    "scale_up_decision": "scale-up decision",
    "scheduler_cycle": "next scheduler cycle",
    "vcpu_quota": "vCPU quota of the account",
}


def duration(seconds: float | None) -> str:
    """``1d 04h``, ``2h 05m``, ``3m 20s``, ``12.3s``, cut as a clock cuts; a dash for None."""
    if seconds is None:
        return NOTHING
    if round(seconds, 1) < 60:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    unit, name, smaller, smaller_name = next(each for each in _UNITS if whole >= each[0])
    return f"{whole // unit}{name} {whole % unit // smaller:02d}{smaller_name}"


def dollars(usd: float | None) -> str:
    """``$1,234.56``; below a dollar three significant digits, down to the nano-dollar."""
    if usd is None:
        return NOTHING
    sign, size = ("-" if usd < 0 else ""), abs(usd)
    if size == 0 or size >= 0.9995:
        return f"{sign}${size:,.2f}"
    places = next(places for places in range(3, 10) if places == 9 or size >= 0.9995 * 10.0 ** (2 - places))
    return f"{sign}${size:.{places}f}"


def share(part: float | None) -> str:
    """``12.3 %``; a dash for None."""
    return NOTHING if part is None else f"{100 * part:.1f} %"


def count(number: float | None, digits: int = 0) -> str:
    """``12,345``, with ``digits`` decimals; a dash for None."""
    return NOTHING if number is None else f"{number:,.{digits}f}"


def number(value: float | None) -> str:
    """``2,560``, ``539.8``, ``0.25``, ``0.024``: as many decimals as say something; a dash for None."""
    if value is None:
        return NOTHING
    text = f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"
    return text.rstrip("0").rstrip(".")


def plural(number: int, one: str, many: str = "") -> str:
    """``1 job``, ``2 jobs``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def bar(part: float, width: int) -> str:
    """A bar of ``part`` (0..1) of ``width`` characters, drawn to an eighth of a character."""
    eighths = round(max(0.0, min(1.0, part)) * width * 8)
    return (_BAR * (eighths // 8) + _PARTS_OF_BAR[eighths % 8]).rstrip()


def plain(name: object) -> str:
    """A name from a file on one line: control characters, line ends and direction marks escaped."""
    text = str(name)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def words(code: str) -> str:
    """The words of a code: ``lost_to_spot`` as ``lost to Spot``; others lose their underscores."""
    return _WORDS.get(code) or plain(code).replace("_", " ")
