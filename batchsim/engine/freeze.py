"""Freezing a finished engine into records."""

from __future__ import annotations

import numpy as np

from batchsim.engine.consumables import no_consumables
from batchsim.engine.engine import Engine
from batchsim.engine.plan import Ec2Plan, EnvironmentPlan
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.spot_prices import with_paid_prices
from batchsim.engine.submission_table import EntryColumns, ShapeColumns
from batchsim.engine.vocabulary import Vocabulary
from batchsim.records.tables import NEVER, Instances, LargestType, Names, Records, Shares


def freeze(engine: Engine, horizon_ms: int) -> Records:
    """Return the records of a run that ended at ``horizon_ms``; the engine is of no more use then."""
    progress = engine.running.freeze_courses(horizon_ms)
    engine.tables.jobs.forget_plans()
    engine.tables.submissions.forget_counts()
    running = engine.tables.attempts.running_jobs(horizon_ms)
    jobs = engine.tables.jobs.freeze(running)
    return Records(
        names=names_of(engine),
        submissions=engine.tables.submissions.freeze(_shapes(engine), _entries(engine), jobs, engine.tables.revised),
        jobs=jobs,
        attempts=engine.tables.attempts.freeze(horizon_ms),
        progress=progress,
        instances=_instances(engine, horizon_ms),
        scaling=engine.log.freeze(),
        timeline=engine.timeline.freeze(),
        dependencies=engine.dependencies.freeze(),
        blocked=engine.blocked.freeze(),
        consumables=no_consumables() if engine.consumables is None else engine.consumables.freeze(),
        shares=_shares(engine, horizon_ms),
        rejections=engine.rejections.freeze(),
        faults=engine.faults.log.freeze(),
        horizon_ms=horizon_ms,
        ended_by=int(engine.ended_by),
        dep_eval_delay_ms=engine.plan.rules.dep_eval_delay_ms,
        fargate_speed_pico=engine.plan.rules.fargate_speed_pico,
        overtook=engine.scheduler.overtook,
    )


def _instances(engine: Engine, horizon_ms: int) -> Instances:
    """The instances; those whose price changed with what they paid on average."""
    instances, steps = engine.tables.instances.freeze(horizon_ms), engine.prices.steps
    return with_paid_prices(instances, steps, horizon_ms) if steps else instances


def names_of(engine: Engine) -> Names:
    """Return the text behind the codes."""
    plan = engine.plan
    return Names(
        entries=tuple(entry.name for entry in engine.tables.entries),
        queues=tuple(queue.name for queue in plan.queues),
        queue_priorities=tuple(queue.priority for queue in plan.queues),
        environments=tuple(environment.name for environment in plan.environments),
        environment_kinds=tuple(_kind(environment) for environment in plan.environments),
        definitions=plan.definitions.texts(),
        types=plan.types,
        zones=plan.zones,
        images=plan.images.texts(),
        status_reasons=engine.tables.status_reasons.texts(),
        container_reasons=engine.tables.container_reasons.texts(),
        shares=plan.shares.texts(),
        groups=tuple(entry.group for entry in engine.tables.entries),
        follows=tuple(entry.followed for entry in engine.tables.entries),
        largest_types=tuple(map(_largest_type, plan.environments)),
        consumables=tuple(each.name for each in plan.consumables),
        faults=tuple(engine.faults.log.labels),
        fault_kinds=tuple(engine.faults.log.kinds),
        needs=_needs(engine)[0],
    )


def _shares(engine: Engine, horizon_ms: int) -> Shares:
    """Every share of every fair-share queue, in order of first use."""
    rows = [
        (queue.position, *seen)
        for queue in engine.queues
        if isinstance(queue, ShareQueue)
        for seen in queue.standing_at(horizon_ms)
    ]
    return Shares(
        queue=np.array([row[0] for row in rows], dtype=np.int16),
        share=np.array([row[1] for row in rows], dtype=np.int32),
        weight_nano=np.array([row[2] for row in rows], dtype=np.int64),
        usage_vcpu_s=np.array([row[3] for row in rows], dtype=np.float64),
    )


def _largest_type(environment: EnvironmentPlan) -> LargestType | None:
    offers = environment.offers if isinstance(environment, Ec2Plan) else ()
    largest = max(offers, key=lambda offer: (offer.vcpus, offer.memory_mib), default=None)
    return LargestType(largest.type, *largest.size) if largest else None


def _kind(environment: EnvironmentPlan) -> str:
    if isinstance(environment, Ec2Plan):
        return "SPOT" if environment.spot else "EC2"
    return "FARGATE_SPOT" if environment.spot else "FARGATE"


def _needs(engine: Engine) -> tuple[tuple[str, ...], list[int]]:
    """What jobs need of consumable resources as texts, and the text of each shape by its position."""
    names, texts = [each.name for each in engine.plan.consumables], Vocabulary(("",))
    of_shapes = [" ".join(f"{names[at]}:{count}" for at, count in shape.consumables) for shape in engine.tables.shapes]
    codes = [texts.code(text) for text in of_shapes]
    return texts.texts(), codes


def _shapes(engine: Engine) -> ShapeColumns:
    shapes = engine.tables.shapes
    return ShapeColumns(
        vcpus_milli=np.array([shape.vcpus_milli for shape in shapes], dtype=np.int32),
        memory_mib=np.array([shape.memory_mib for shape in shapes], dtype=np.int32),
        gpus=np.array([shape.gpus for shape in shapes], dtype=np.int16),
        arm64=np.array([shape.architecture == "arm64" for shape in shapes], dtype=np.bool_),
        windows=np.array([shape.windows for shape in shapes], dtype=np.bool_),
        ephemeral_gib=np.array([shape.ephemeral_gib for shape in shapes], dtype=np.int16),
        needs=np.array(_needs(engine)[1], dtype=np.int32),
    )


def _entries(engine: Engine) -> EntryColumns:
    entries = engine.tables.entries
    return EntryColumns(
        definition=np.array([entry.definition for entry in entries], dtype=np.int32),
        attempts_allowed=np.array([entry.attempts_allowed for entry in entries], dtype=np.int32),
        timeout_ms=np.array([entry.timeout_ms for entry in entries], dtype=np.int64),
        share=np.array([entry.share for entry in entries], dtype=np.int32),
        scheduling_priority=np.array(
            [NEVER if entry.share == NEVER else entry.scheduling_priority for entry in entries], dtype=np.int32
        ),
    )
