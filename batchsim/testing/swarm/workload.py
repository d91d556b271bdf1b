"""A random workload: single jobs, arrays and workflows, that arrive, depend on each other, fail and follow."""

from __future__ import annotations

from typing import Any

from batchsim.testing.builders import Data, entry, submit
from batchsim.testing.swarm.capacity import is_on_fargate
from batchsim.testing.swarm.features import Draft
from batchsim.testing.swarm.laws import DELAYS, RUNS, draw_law

_INSTANTS = ("0s", "10s", "60s", "61500ms", "5m", "12m")


def draw_workload(draft: Draft, queues: list[Data], definitions: list[Data]) -> list[Data]:
    """One to four items; each is an entry, or with dependencies perhaps a workflow."""
    items: list[Data] = []
    for number in range(draft.integer(1, 5)):
        if draft.has("dependencies", 50):
            items.append(_workflow(draft, f"flow{number}", queues, definitions, items))
        else:
            items.append(_entry(draft, f"entry{number}", queues, definitions, items))
    # A stuck head would leave few jobs to run until a notice comes.
    return [*items, _stuck(draft, queues)] if draft.has("stuck_jobs") and not draft.has("notices", 80) else items


def draw_datasets(draft: Draft) -> list[Data]:
    """One small data set, with that feature."""
    if not draft.has("datasets"):
        return []
    skew = {"skew": {"lognormal": {"cv": 0.7}}} if draft.chance(50) else {}
    overhead = draw_law(draft, DELAYS) if draft.has("more_laws", 50) else "5s"
    data = {"name": "data", "size": "20GB", "partitions": 4, "throughput": "50MB/s", "overhead": overhead}
    return [{**data, **skew}]


def _entry(draft: Draft, name: str, queues: list[Data], definitions: list[Data], before: list[Data]) -> Data:
    return _scripted_alike(_timed(draft, _job(draft, name, queues, definitions), before))


def _scripted_alike(made: Data) -> Data:
    """Scripts by job are as many as the entry's calls and children."""
    if "scripts" in made["run"]:
        jobs = made.get("count", 1) * made["submit"].get("arrayProperties", {}).get("size", 1)
        made["run"] = {"scripts": (made["run"]["scripts"] * jobs)[:jobs]}
    return made


def _timed(draft: Draft, made: Data, before: list[Data]) -> Data:
    """A job with the instants of its calls, and what it depends on."""
    if draft.has("followers", 60) and before:
        return {**made, "at": _after(draft, before)}
    if draft.has("arrivals", 60):
        return {**made, **_arrivals(draft)}
    once = [each["id"] for item in before if _is_once(item) for each in item.get("workflow", (item,))]
    if draft.has("dependencies", 50) and once:
        made["submit"]["dependsOn"] = [*made["submit"].get("dependsOn", ()), {"jobId": draft.one_of(once)}]
    count = {"count": draft.integer(2, 4)} if draft.chance(30) and "dataset" not in made["run"] else {}
    return {**made, "at": draft.one_of(_INSTANTS), **count}


def _after(draft: Draft, before: list[Data]) -> Data:
    """Some time after an earlier entry, or a member of an earlier workflow, has ended."""
    ids = [each["id"] for item in before for each in item.get("workflow", (item,))]
    return {"after": draft.one_of(ids), "delay": draft.pick("0s", "30s")}


def _is_once(item: Data) -> bool:
    """Whether an item fires once, so that others can depend on it by id."""
    return isinstance(item["at"], str) and not ("workflow" in item and "count" in item)


def _stuck(draft: Draft, queues: list[Data]) -> Data:
    """A job that no capacity will ever hold, in one of the queues."""
    queue = draft.one_of(queues)
    kind = "task" if is_on_fargate(queue) else "job"
    return {**entry("stuck", queue["jobQueueName"], f"stuck-{kind}"), "at": draft.pick("5m", "10s", "61500ms", "12m")}


def _arrivals(draft: Draft) -> Data:
    """Many calls of one entry: by chance, by the clock, or by a client that waits its turn."""
    return draft.pick(
        {"at": {"rate": "30/min", "start": "5s"}, "count": 4},
        {"at": {"poisson": "3/min", "for": "3m"}},
        {"at": {"rates_by_hour": ["1/min", 240, *[0] * 22], "for": "3m", "start": draft.pick("0s", "58m30s")}},
        {"at": {"cron": "cron(0/5 * * * ? *)", "for": "16m"}},
    )


def _workflow(draft: Draft, name: str, queues: list[Data], definitions: list[Data], before: list[Data]) -> Data:
    """Two or three members, each depending on one before."""
    members = [_scripted_alike(_job(draft, f"{name}-a", queues, definitions))]
    for letter in "bc"[: draft.integer(1, 2)]:
        members.append(_dependent(draft, f"{name}-{letter}", queues, definitions, members))
    made = {"id": name, "workflow": members, "at": draft.one_of(_INSTANTS)}
    if draft.has("followers", 40) and before:
        return {**made, "at": _after(draft, before)}
    repeats: tuple[Data, ...] = ({}, {"count": 2}, {"at": {"poisson": "1/min", "for": "3m"}})
    return {**made, **draft.one_of(repeats)} if draft.has("arrivals") else made


def _dependent(draft: Draft, name: str, queues: list[Data], definitions: list[Data], before: list[Data]) -> Data:
    """A job that waits for one before it; index by index where both are arrays of one size."""
    made, parent = _job(draft, name, queues, definitions), draft.one_of(before)
    own, other = (each["submit"].get("arrayProperties", {}).get("size") for each in (made, parent))
    link = {"jobId": parent["id"]}
    if other and own and draft.chance(70):
        made["submit"]["arrayProperties"] = {"size": other}
        link["type"] = "N_TO_N"
    made["submit"]["dependsOn"] = [*made["submit"].get("dependsOn", ()), link]
    return _scripted_alike(made)


def _job(draft: Draft, name: str, queues: list[Data], definitions: list[Data]) -> Data:
    """An entry without ``at``: queue, definition, size, what it runs and how it fails."""
    queue = draft.one_of(queues)
    kind = "task" if is_on_fargate(queue) else "job"
    fitting = [each["jobDefinitionName"] for each in definitions if each["jobDefinitionName"].startswith(kind)]
    size = draft.pick(2, 3, 5, 9) if draft.has("arrays", 50) else 0
    sequential = {"dependsOn": [{"type": "SEQUENTIAL"}]} if size and draft.has("dependencies", 40) else {}
    made: Data = {
        "id": name,
        "submit": submit(name, queue["jobQueueName"], draft.one_of(fitting), size=size, **sequential),
    }
    made["submit"].update(_overrides(draft))
    made["run"] = _run(draft, size)
    if draft.has("failures", 70) and not _is_scripted(made):
        made["fails"] = [_fail(draft, most) for most in draft.pick((0.9,), (0.5, 0.5))]
    if draft.has("images", 80):
        made["image"] = draft.pick("400MB", "3GB", "12GB", "20GB")
    course = _course(draft)
    if course and not _is_scripted(made) and "dataset" not in made["run"] and draft.chance(85):
        made["run"] = draft.pick("4m", "12m", "25m")  # long enough to be interrupted
    return {**made, **course}


def _course(draft: Draft) -> Data:
    """How the job saves its work, and what it does at SIGTERM."""
    made: Data = {}
    if draft.has("notices", 90):
        made["on_sigterm"] = draft.pick("checkpoint", "exit_nonzero", "exit_zero", "checkpoint")
    saves = made.get("on_sigterm") == "checkpoint"
    if draft.has("checkpoints", 75) or saves:
        every = {} if saves and draft.chance(40) else {"every": draft.pick("20s", "1m", "7300ms", "5m")}
        costs = {"cost": draft.pick("2s", "700ms", "0s", "17s"), "restore": draft.pick("3s", "0s", "30s")}
        made["checkpoint"] = {**every, **costs}
    return made


def _overrides(draft: Draft) -> Data:
    """What a SubmitJob request may say anew."""
    overrides: Data = {}
    if draft.has("retries", 20):
        overrides["retryStrategy"] = {"attempts": draft.integer(1, 3)}
    if draft.has("timeouts", 20):
        overrides["timeout"] = {"attemptDurationSeconds": draft.pick(60, 120)}
    return overrides


def _run(draft: Draft, size: int) -> Any:
    if draft.has("scripts", 50):
        scripts = [_steps(draft) for _ in range(draft.pick(1, 1, 2, 3))]
        return {"scripts": scripts} if size and len(scripts) > 1 else {"script": scripts[0]}
    if draft.has("datasets", 50) and not size:
        return {"dataset": "data"}
    if draft.has("more_laws", 50):
        return draw_law(draft, RUNS)
    return draft.pick(
        "60s", "5m", "90s", "1ms", {"uniform": {"min": "10s", "max": "3m"}}, {"exponential": {"mean": "90s"}},
        {"lognormal": {"mean": "4m", "cv": 1}}, "40m", "1h",
    )  # fmt: skip


def _steps(draft: Draft) -> list[Data]:
    return [{"run": draft.pick("20s", "0s", "75s"), "exit": draft.pick(0, 1, 137)} for _ in range(draft.integer(1, 3))]


def _is_scripted(made: Data) -> bool:
    return "script" in made["run"] or "scripts" in made["run"]


def _fail(draft: Draft, most: float) -> Data:
    """A failure of at most this probability."""
    after: Any = draft.pick(None, 0.5, {"uniform": {"min": "1s", "max": "50s"}})
    if after is not None and draft.has("more_laws", 30):
        after = draw_law(draft, DELAYS)
    fail: Data = {"probability": draft.pick(0.2, 0.5, most), "exit_code": draft.pick(1, 2, 137)}
    if draft.chance(30):
        fail["reason"] = "OutOfMemoryError: Container killed due to memory usage"
    return fail if after is None else {**fail, "after": after}
