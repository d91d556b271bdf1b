"""Immutable inputs: the models of a scenario, in AWS's names for AWS's half, and everything that checks them."""

from __future__ import annotations

from batchsim.spec.dump import scenario_hash, to_data
from batchsim.spec.effective import EffectiveJob, effective_job
from batchsim.spec.entries import Dataset, Entry, Fail, Workflow
from batchsim.spec.environments import ComputeEnvironment, ComputeResource, ScalingPolicy
from batchsim.spec.facts import CatalogueFacts, FargatePrices, InstanceType, PoolFacts
from batchsim.spec.faults import Fault, FaultTarget
from batchsim.spec.jobs import (
    ArrayProperties,
    ContainerOverrides,
    ContainerProperties,
    EvaluateOnExit,
    JobDefinition,
    JobDependency,
    JobTimeout,
    KeyValuePair,
    ResourceRequirement,
    RetryStrategy,
    SubmitJob,
)
from batchsim.spec.laws import LawSpec, Part
from batchsim.spec.notes import scenario_notes
from batchsim.spec.notifications import Notification
from batchsim.spec.parsing import parse
from batchsim.spec.queues import ComputeEnvironmentOrder, ConsumableResource, JobQueue, SchedulingPolicy
from batchsim.spec.samples import Sample, SampleFile
from batchsim.spec.scenario import Scenario
from batchsim.spec.settings import Action, SimulationSettings
from batchsim.spec.source import SourceMap
from batchsim.spec.updates import Target, check_update, find_target
from batchsim.spec.workload import (
    After,
    At,
    Constant,
    Cron,
    DatasetRun,
    Firing,
    Poisson,
    Rate,
    RatesByHour,
    Run,
    Script,
    Scripts,
    Step,
    Trace,
    TraceColumn,
    TraceRun,
)
from batchsim.spec.world import CustomType, PriceOverride, World

__all__ = [
    "Action",
    "After",
    "ArrayProperties",
    "At",
    "CatalogueFacts",
    "ComputeEnvironment",
    "ComputeEnvironmentOrder",
    "ComputeResource",
    "Constant",
    "ConsumableResource",
    "ContainerOverrides",
    "ContainerProperties",
    "Cron",
    "CustomType",
    "Dataset",
    "DatasetRun",
    "EffectiveJob",
    "Entry",
    "EvaluateOnExit",
    "Fail",
    "FargatePrices",
    "Fault",
    "FaultTarget",
    "Firing",
    "InstanceType",
    "JobDefinition",
    "JobDependency",
    "JobQueue",
    "JobTimeout",
    "KeyValuePair",
    "LawSpec",
    "Notification",
    "Part",
    "Poisson",
    "PoolFacts",
    "PriceOverride",
    "Rate",
    "RatesByHour",
    "ResourceRequirement",
    "RetryStrategy",
    "Run",
    "Sample",
    "SampleFile",
    "ScalingPolicy",
    "Scenario",
    "SchedulingPolicy",
    "Script",
    "Scripts",
    "SimulationSettings",
    "SourceMap",
    "Step",
    "SubmitJob",
    "Target",
    "Trace",
    "TraceColumn",
    "TraceRun",
    "Workflow",
    "World",
    "check_update",
    "effective_job",
    "find_target",
    "parse",
    "scenario_hash",
    "scenario_notes",
    "to_data",
]
