"""Numbers within text (job ids, revisions, types, exit codes, thresholds), and odd values in more fields."""

from __future__ import annotations

from hostile.rows.case import Case, cases
from hostile.rows.jobs import bad_rule
from hostile.rows.odd import CE, HUGE, ODD, RETRY

IN_TEXT = [
    *cases("B41", "E106", ("an action on nothing", "actions", [{"at": "1h", "set": "spot." + HUGE, "to": 5}])),
    *cases(
        "B16",
        "E115",
        *(
            (f"a job {number[:20]}", "actions", [{"at": "1h", "cancel": f"step:{number}"}])
            for number in (HUGE, "-1", "٣", "1.0", "0x1")
        ),
        only=False,
    ),
    *cases("B16", "E115", ("an occurrence", "actions", [{"at": "1h", "cancel": f"step@{HUGE}"}]), only=False),
    *cases(
        "B16",
        "E122",
        *(
            (f"revision {number[:20]}", "workload.0.submit.jobDefinition", f"step:{number}")
            for number in (HUGE, "-1", "٣", "²", "1.0", "")
        ),
        only=False,
    ),
    *cases(
        "B41",
        "E156",
        *(
            (f"a type {name[:20]}", f"{CE}.instanceTypes", [name])
            for name in (
                "m5.²xlarge",
                "m5.٣xlarge",
                f"m5.{HUGE}xlarge",
                "m5.0xlarge",
                "m5.",
                ".large",
                "m5.large ",
                "m5 .large",
                "",
                "*",
                "m5.*",
                "x" * 100_000,
                "\x1b[31m",
            )
        ),
    ),
    *cases("B31", "E111", ("no types", f"{CE}.instanceTypes", []), only=False),
    *cases(
        "B29",
        "E136",
        *((f"exit code {code[:20]!r}", RETRY, bad_rule(onExitCode=code)) for code in ("٣", "²", "1 ", "", "1*2")),
    ),
    *cases(
        "B41",
        "E115",
        *(
            (f"a threshold {text[:20]!r}", "thresholds", {"makespan_s": text})
            for text in ("", "4h", "<< 4h", "< four", "< 4 parsecs", "= 4h", "< nan", "< inf", "< ٣s")
        ),
    ),
    *cases("B41", "E112", ("a threshold as a number", "thresholds", {"cost_usd": 40})),
    *cases(
        "B41",
        "E111",
        ("a skew of nothing", "datasets", [{"name": "d", "size": "1TB", "throughput": "1MB/s"}]),
        only=False,
    ),
    *cases(
        "B48",
        "E114",
        *(
            (f"replication {what}", "simulation.replication", value)
            for what, value in ODD
            if what not in ("nought", "a plus", "octal of YAML 1.1")
        ),
    ),
    *cases(
        "B47",
        "E114",
        *(
            (f"max_jobs {what}", "simulation.max_jobs", value)
            for what, value in ODD
            if what not in ("a plus", "octal of YAML 1.1")
        ),
    ),
    *cases(
        "B47",
        "E114",
        *(
            (f"count {what}", "workload.0.count", value)
            for what, value in ODD
            if what not in ("nought", "a plus", "octal of YAML 1.1")
        ),
    ),
    *cases(
        "B48",
        "E114",
        *(
            (f"priority {what}", "jobQueues.0.priority", value)
            for what, value in ODD
            if what not in ("nought", "a plus", "octal of YAML 1.1")
        ),
    ),
    *cases(
        "B38",
        "E144",
        *(
            (f"oom_prob {what}", "world.oom_prob", value)
            for what, value in ODD
            if what not in ("nought", "ten to minus 999", "minus nought")
        ),
    ),
    *cases(
        "B36",
        "E142",
        *(
            (f"hazard {what}", "world.spot_hazard", value)
            for what, value in ODD
            if what
            not in (
                "nought",
                "ten to minus 999",
                "minus nought",
                "a fraction",
                "a plus",
                "octal of YAML 1.1",
                "empty mapping",
            )
        ),
    ),
    *cases(
        "B43",
        "E148",
        *(
            (f"root_gb {what}", "world.root_gb", value)
            for what, value in ODD
            if what not in ("nought", "ten to minus 999", "minus nought", "a fraction", "a plus", "octal of YAML 1.1")
        ),
    ),
]


CASES: list[Case] = IN_TEXT
