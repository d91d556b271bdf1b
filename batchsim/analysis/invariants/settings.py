"""The scenario as the checker reads it: the resolved file's own words, with the defaults that the model documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from batchsim.units import parse_duration_ms

DEFAULTS: Mapping[str, Any] = {
    "scheduler_cycle": "1s",
    "fifo_order": "submitted",
    "retry_position": "front",
    "retry_delay": 0,
    "decay_kernel": "linear",
    "min_window": "600s",
    "usage_update": "1s",
    "fss_hol": "strict",
    "strict_limits": True,
    "scale_down_idle": "300s",
    "scale_down_check": "60s",
    "drain_surplus": True,
    "count_start_failures": True,
    "timeout_lag": {"uniform": {"min": "0s", "max": "5s"}},
    "notice": "120s",
    "first_hour_free": True,
    "bill_from": "running",
    "head_of_line": "strict",
    "hol_scope": "queue",
    "backfill": "none",
    "speed": {},
    "spot_drain": False,
    "extra_costs": {},
    "platform": "batch",
    "platforms": {},
    "fleets": {},
    "run_task_attempts": 10,
    "run_task_backoff_base": "1s",
    "run_task_backoff_cap": "60s",
    "run_task_jitter": "full",
    "ec2_vcpu_quota": "unlimited",
    "spot_prices": {},
    "spot_price_sigma": 0,
    "spot_factor": 0.47,
    "prices": {},
    "instanceTypes": {},
    "post_scale_in_cooldown": 0,
    "block_detect": "600s",
    "fargate_burst": 100,
    "fargate_rate": "20/s",
    "fargate_vcpu_quota": "unlimited",
    "fargate_max_days": 14,
    "fargate_spot_outages": (),
    "dispatch_rate_ec2": None,
    "oom_prob": 0,
    "submitted_limit": 1_000_000,
    "consumable_hold": "attempt",
    "cancel_pending_wait": True,
    "stop_timeout": "30s",
    "stopped_when": "sigterm",
    "retry_rule_order": "first",
    "no_exit_code_matches": True,
    "dep_eval_delay": 0,
    "dep_fail_delay": 0,
    "cache_hit": 0,
    "initial_capacity": "ready",
    "demand_by": "observed",
    "scale_up_delay": {"uniform": {"min": "10s", "max": "60s"}},
    "instance_pending": {"uniform": {"min": "8s", "max": "17s"}},
    "instance_boot": {"lognormal": {"median": "30s", "sigma": 0.35}},
    "agent_register": {"lognormal": {"median": "78s", "sigma": 0.4}},
    "user_data": 0,
    "warm_start": {"lognormal": {"median": "7.3s", "sigma": 0.8}},
    "new_image": {"lognormal": {"median": "8s", "sigma": 0.3}},
    "slow_pull": {"lognormal": {"median": "40s", "sigma": 0.3}},
    "slow_pull_probability": 0.2,
    "fargate_provision": {"lognormal": {"median": "30s", "sigma": 0.35}},
    "spot_hazard": None,
    "spot_shocks_per_day": None,
}
"""``world`` keys that invariants read."""


class CannotTellError(Exception):
    """The tables do not hold what an invariant needs in this run; the message says what is missing."""


class Settings:
    """The raw mapping of a resolved scenario. Reading what it does not say raises :class:`CannotTellError`."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    @property
    def is_known(self) -> bool:
        """Whether there is a scenario at all."""
        return bool(self._raw)

    def need(self) -> None:
        """Raise unless there is a scenario at all."""
        if not self._raw:
            raise CannotTellError("there is no scenario.resolved.yaml")

    def world(self, key: str) -> Any:
        """A value under ``world``, or its documented default."""
        self.need()
        return (self._raw.get("world") or {}).get(key, DEFAULTS[key])

    def duration_ms(self, key: str) -> int:
        """A constant duration under ``world``."""
        low, high = self.bounds_ms(key)
        if low != high:
            raise CannotTellError(f"world.{key} is random")
        return low

    def bounds_ms(self, key: str) -> tuple[int, int | None]:
        """Least and greatest value of a delay under ``world``; None without an upper bound."""
        value = self.world(key)
        if not isinstance(value, Mapping):
            return duration_ms(key, value), duration_ms(key, value)
        if "uniform" in value:
            return duration_ms(key, value["uniform"]["min"]), duration_ms(key, value["uniform"]["max"])
        if "constant" in value:
            inner = value["constant"]
            constant = duration_ms(key, next(iter(inner.values())) if isinstance(inner, Mapping) else inner)
            return constant, constant
        return 0, None

    @cached_property
    def environments(self) -> Mapping[str, Mapping[str, Any]]:
        """Compute environments by name, in file order."""
        self.need()
        return {item["computeEnvironmentName"]: item for item in self._list("computeEnvironments")}

    def resources(self, environment: str) -> Mapping[str, Any]:
        """``computeResources`` of an environment; of an UNMANAGED one what its fleet lists, empty without a fleet."""
        given = self.environments.get(environment, {})
        if given.get("type") != "UNMANAGED":
            return given.get("computeResources") or {}
        fleet = self.fleet(environment)
        if not fleet:
            return {}
        kind = "SPOT" if fleet[0].get("spot") else "EC2"
        most = given.get("unmanagedvCpus") or 10**9
        return {"type": kind, "maxvCpus": most, "instanceTypes": [each["type"] for each in fleet]}

    def fleet(self, environment: str) -> Sequence[Mapping[str, Any]]:
        """The instances that ``world.fleets`` lists for an environment."""
        fleet: Sequence[Mapping[str, Any]] = self.world("fleets").get(environment) or ()
        return fleet

    def platform(self, environment: str) -> str:
        """The platform that an environment is run as."""
        return str(self.world("platforms").get(environment) or self.world("platform"))

    def stands(self, environment: str) -> bool:
        """Whether an environment's instances are a fleet that no scaler touches."""
        on_hosts = self.resources(environment).get("type") in ("EC2", "SPOT")
        return on_hosts and (bool(self.fleet(environment)) or self.platform(environment) != "batch")

    def standing_vcpus(self, environment: str) -> int:
        """vCPUs of a fleet that is not listed: max(minvCpus, desiredvCpus), or maxvCpus where both are 0."""
        given = self.resources(environment)
        least = max(int(given.get("minvCpus") or 0), int(given.get("desiredvCpus") or 0))
        return least or int(given["maxvCpus"])

    def is_without_queue(self, queue: str) -> bool:
        """Whether clients call RunTask for a queue's jobs."""
        return any(self.platform(name) == "no_queue" for name in self.served_by(queue))

    @cached_property
    def queues(self) -> Mapping[str, Mapping[str, Any]]:
        """Job queues by name, in file order."""
        self.need()
        return {item["jobQueueName"]: item for item in self._list("jobQueues")}

    def served_by(self, queue: str) -> tuple[str, ...]:
        """Names of a queue's environments in their order; an ARN's last part is the name."""
        items = self.queues.get(queue, {}).get("computeEnvironmentOrder") or ()
        ordered = sorted(items, key=lambda item: item["order"])
        return tuple(_name(item["computeEnvironment"]) for item in ordered)

    def fair_share(self, queue: str) -> Mapping[str, Any] | None:
        """The fair-share policy of a queue; None where it is FIFO, or none."""
        reference = self.queues.get(queue, {}).get("schedulingPolicyArn")
        if reference is None or self.is_without_queue(queue):
            return None
        policies = self._list("schedulingPolicies")
        same = [each for each in policies if each.get("arn") == reference]
        same += [each for each in policies if each["name"] == _name(reference)]
        if not same or ("fairsharePolicy" not in same[0] and "quotaSharePolicy" in same[0]):
            return None
        return {"shareDecaySeconds": 0, "computeReservation": 0, **(same[0].get("fairsharePolicy") or {})}

    @cached_property
    def entries(self) -> Mapping[str, Mapping[str, Any]]:
        """Workload entries by id, workflows flattened."""
        self.need()
        return {entry["id"]: entry for entry in _flat(self._list("workload")) if "id" in entry}

    @cached_property
    def definitions(self) -> Mapping[str, Mapping[str, Any]]:
        """Job definitions by ``name:revision``, those that actions register too."""
        self.need()
        found = {
            f"{item['jobDefinitionName']}:{item.get('revision', 1)}": item for item in self._list("jobDefinitions")
        }
        for action in self._in_time():
            if "register" in action:
                name = action["register"]["jobDefinitionName"]
                found[f"{name}:{_newest(found, name) + 1}"] = action["register"]
        return found

    @cached_property
    def newest(self) -> Mapping[str, list[tuple[int, int]]]:
        """By name of a job definition: (instant, newest ACTIVE revision from then on), 0 where there is none."""
        self.need()
        active: dict[str, set[int]] = {}
        every: dict[str, int] = {}
        for item in self._list("jobDefinitions"):
            name, revision = item["jobDefinitionName"], item.get("revision", 1)
            every[name] = max(every.get(name, 0), revision)
            active.setdefault(name, set()).update({revision} if item.get("status", "ACTIVE") == "ACTIVE" else ())
        changes = {name: [(0, max(revisions, default=0))] for name, revisions in active.items()}
        for action in self._in_time():
            name = (action.get("register") or {}).get("jobDefinitionName") or _asked(action)
            if not name:
                continue
            if "register" in action:
                every[name] = every.get(name, 0) + 1
                active.setdefault(name, set()).add(every[name])
            else:
                active.get(name, set()).discard(int(action["deregister"].rpartition(":")[2]))
            now = max(active.get(name, ()), default=0)
            changes.setdefault(name, [(0, 0)]).append((at_ms(action), now))
        return changes

    def _in_time(self) -> list[Mapping[str, Any]]:
        return sorted(self.actions, key=at_ms)

    @cached_property
    def consumables(self) -> Mapping[str, Mapping[str, Any]]:
        """Consumable resources by name, in file order."""
        self.need()
        return {item["consumableResourceName"]: item for item in self._list("consumableResources")}

    @property
    def start(self) -> str:
        """The instant at which the run starts."""
        self.need()
        return str((self._raw.get("simulation") or {}).get("start", "2026-01-01T00:00:00Z"))

    @property
    def actions(self) -> Sequence[Mapping[str, Any]]:
        """Timed actions."""
        self.need()
        return self._list("actions")

    @property
    def faults(self) -> Sequence[Mapping[str, Any]]:
        """What goes wrong by plan."""
        self.need()
        return self._list("faults")

    @cached_property
    def notifications(self) -> Mapping[str, Mapping[str, Any]]:
        """Notification rules by name."""
        self.need()
        return {item["name"]: item for item in self._list("notifications")}

    def _list(self, key: str) -> Sequence[Mapping[str, Any]]:
        return self._raw.get(key) or ()


def at_ms(action: Mapping[str, Any]) -> int:
    """The instant of a timed action or fault."""
    return duration_ms("at", action["at"])


def duration_ms(key: str, value: Any) -> int:
    """A duration of a resolved file in milliseconds; whole numbers are that already, as in a parsed scenario."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return parse_duration_ms(value)
    except (ValueError, TypeError) as error:
        raise CannotTellError(f"{key}: {value} is not a duration that the checker can read") from error


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _flat(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        if "workflow" in item:
            yield from item["workflow"]
        else:
            yield item


def _newest(definitions: Mapping[str, Any], name: str) -> int:
    """The newest revision of a name among ``name:revision``."""
    found = (key.rpartition(":") for key in definitions)
    return max((int(revision) for known, _, revision in found if known == name), default=0)


def _asked(action: Mapping[str, Any]) -> str:
    """The name of the job definition that an action deregisters."""
    return _name(str(action.get("deregister", ""))).partition(":")[0]
