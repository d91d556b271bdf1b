"""Rows of the table of behaviours: CPU, memory, GPUs (User Guide, "Compute resource memory management")."""

from fidelity_rows import Row, always

from batchsim.engine.workload.progress import SPEED_1

HOSTS = "tests/behaviour/test_hosts.py::test"
ARCHITECTURES = "tests/behaviour/test_architectures.py::test"
MEMORY = "tests/behaviour/test_out_of_memory.py::test"
RATE = "tests/behaviour/test_dispatch_rate.py::test"


def half_speed(patch):
    """Neighbours slow a job down."""
    from batchsim.engine.attempts import Start

    patch.setattr("batchsim.engine.ec2.Start", lambda *where: Start(*where[:4], SPEED_1 // 2))


def last_vcpu_kept(patch):
    """The agent keeps a vCPU for itself."""
    from batchsim.engine.instance_table import InstanceTable

    launch = InstanceTable.launch

    def launched(self, *given, **named):
        row = launch(self, *given, **named)
        self.free_vcpus[row] -= 1
        return row

    patch.setattr(InstanceTable, "launch", launched)


def unbounded(code):
    """Amounts of one kind may be as small as one likes."""

    def breaks(patch):
        from batchsim.spec.jobs import _AMOUNTS

        loose = {
            kind: (own, low / 1000, high, step / 1000, what) if own == code else (own, low, high, step, what)
            for kind, (own, low, high, step, what) in _AMOUNTS.items()
        }
        patch.setattr("batchsim.spec.jobs._AMOUNTS", loose)

    return breaks


def gpus_come_back_at_once(patch):
    """A GPU is free again as soon as its container has it."""
    from batchsim.engine.ec2 import Ec2Environment

    take = Ec2Environment._take
    patch.setattr(Ec2Environment, "_take", lambda self, row, want, count: take(self, row, want._replace(gpus=0), count))


def one_formula(patch):
    """What a scenario says of a type's usable memory is not heard."""
    from dataclasses import replace

    from batchsim.catalog import pools
    from batchsim.catalog.memory import usable_memory_mib

    facts = pools._facts

    def deaf(kind, quoted, offered, world):
        usable = usable_memory_mib(kind.memory_mib, world.mem_model)
        return replace(facts(kind, quoted, offered, world), usable_memory_mib=usable)

    patch.setattr(pools, "_facts", deaf)


ROWS = [
    Row(
        id="B21",
        rule="How fast AWS Batch dispatches jobs to instances is not published",
        source="not documented",
        where="batchsim/engine/dispatch.py RatedEc2Environment",
        status="parameter",
        key="dispatch_rate_ec2",
        tests={
            "unlimited": f"{RATE}_so_many_jobs_start_a_second_and_a_seconds_worth_at_once[unlimited]",
            "2/s": f"{RATE}_so_many_jobs_start_a_second_and_a_seconds_worth_at_once[2/s]",
            "1/s": f"{RATE}_a_head_with_room_waits_for_the_rate_and_not_for_another_environment",
            "6/min": f"{RATE}_so_many_jobs_start_a_second_and_a_seconds_worth_at_once[6/min]",
        },
        note="Of each environment; Fargate's launch rate: V12",
    ),
    Row(
        id="B29",
        rule="Memory is a hard limit: a container that exceeds it is killed, 137 and OutOfMemoryError",
        source='API, ResourceRequirement; ECS Developer Guide, "Stopped tasks error messages"',
        where="batchsim/engine/workload/out_of_memory.py OutOfMemory",
        status="parameter",
        key="oom_prob",
        tests={
            0: f"{MEMORY}_as_many_attempts_are_killed_as_the_world_says_evenly_over_their_work[0]",
            0.2: f"{MEMORY}_as_many_attempts_are_killed_as_the_world_says_evenly_over_their_work[0.2]",
            0.7: f"{MEMORY}_as_many_attempts_are_killed_as_the_world_says_evenly_over_their_work[0.7]",
            1: f"{MEMORY}_a_container_is_killed_on_its_way_with_137",
        },
        note="By probability: what a container really uses is not simulated",
    ),
    Row(
        id="5.3f",
        rule="An environment does not mix x86 and ARM types",
        source="API, ComputeResource",
        where="batchsim/catalog/pools.py pools_of",
        tests=f"{ARCHITECTURES}_an_environment_has_types_of_one_architecture",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.catalog.pools._word_problems", lambda words, path, shop: ()),
    ),
    Row(
        id="4.1m",
        rule="All environments of a queue have one CPU architecture",
        source="API, CreateJobQueue",
        where="batchsim/preflight.py _mixed_queues",
        tests=f"{ARCHITECTURES}_a_queue_has_environments_of_one_architecture",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.preflight._mixed_queues", lambda scenario, facts: ()),
    ),
    Row(
        id="5.8a",
        rule="A vCPU is 1,024 CPU shares, a soft limit: a job may use idle cores of its host",
        source="API, ContainerDetail",
        where="batchsim/engine/attempts.py Attempts._plan_end",
        tests=f"{HOSTS}_a_vcpu_is_a_share_and_neighbours_slow_nobody_down",
        status="modelled",
        breaks=half_speed,
        note="How long a job runs does not depend on its neighbours: `run` says it, `speed` scales it by type",
    ),
    Row(
        id="5.8b",
        rule="All vCPUs of an instance are for jobs",
        source='User Guide, "Compute resource memory management"',
        where="batchsim/engine/instance_table.py InstanceTable",
        tests=f"{HOSTS}_all_vcpus_of_a_host_are_for_jobs",
        status="exact",
        breaks=last_vcpu_kept,
    ),
    Row(
        id="5.8c",
        rule="On EC2 a job asks for whole vCPUs, one at least",
        source="API, ResourceRequirement",
        where="batchsim/spec/effective.py _resources",
        tests=f"{HOSTS}_instances_give_whole_vcpus",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.spec.effective._environment_platform", lambda environment: "FARGATE"
        ),
    ),
    Row(
        id="5.8d",
        rule="A job asks for at least 4 MiB",
        source="API, ResourceRequirement",
        where="batchsim/spec/jobs.py _check_amount",
        tests=f"{HOSTS}_a_job_asks_for_four_mib_at_least",
        status="exact",
        breaks=unbounded("E131"),
    ),
    Row(
        id="5.8e",
        rule="An instance registers less than its nominal memory, and the agent keeps 32 MiB of it",
        source='User Guide, "Compute resource memory management"',
        where="batchsim/catalog/memory.py usable_memory_mib",
        status="parameter",
        key="mem_model",
        tests={
            "nitro_fit": f"{HOSTS}_usable_memory_is_a_model_of_the_world[nitro_fit-7648-m5.xlarge]",
            "ratio": f"{HOSTS}_usable_memory_is_a_model_of_the_world[ratio-7619-m5.xlarge]",
            "exact": f"{HOSTS}_usable_memory_is_a_model_of_the_world[exact-8192-m5.large]",
        },
    ),
    Row(
        id="5.8f",
        rule="A job that asks for exactly the nominal memory needs the next larger type",
        source='User Guide, "Compute resource memory management"',
        where="batchsim/catalog/memory.py usable_memory_mib",
        tests=f"{HOSTS}_a_job_of_the_nominal_memory_needs_the_next_larger_type",
        status="exact",
        breaks=always("mem_model", "exact"),
    ),
    Row(
        id="5.8g",
        rule="Usable memory differs from type to type, and can be said of each",
        source='User Guide, "Compute resource memory management"',
        where="batchsim/catalog/pools.py _facts",
        tests=f"{HOSTS}_usable_memory_can_be_said_type_by_type",
        status="modelled",
        breaks=one_formula,
        note="By a formula fitted to two types of instance, where a scenario does not say it",
    ),
    Row(
        id="5.8h",
        rule="GPUs are whole, and pinned to a container for its life",
        source='User Guide, "Use a GPU workload AMI"',
        where="batchsim/engine/ec2.py Ec2Environment",
        tests=(
            f"{ARCHITECTURES}_gpus_are_held_for_the_attempts_whole_life",
            f"{ARCHITECTURES}_a_job_of_two_gpus_waits_until_both_are_free_though_vcpus_are",
        ),
        status="exact",
        breaks=gpus_come_back_at_once,
    ),
    Row(
        id="5.8i",
        rule="Jobs without GPUs may use GPU hosts, and block jobs with GPUs by the CPU or memory that they take",
        source='User Guide, "Use a GPU workload AMI"',
        where="batchsim/engine/ec2.py Ec2Environment",
        tests=(
            f"{ARCHITECTURES}_jobs_without_gpus_block_a_gpu_host_by_its_vcpus",
            f"{ARCHITECTURES}_jobs_without_gpus_block_a_gpu_host_by_its_memory",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.ec2_offers.Ec2Offers._holds",
            lambda self, offer, want: offer.gpus == 0 or want.gpus > 0,
        ),
    ),
    Row(
        id="5.8j",
        rule="Fargate has no GPUs",
        source="API, ResourceRequirement",
        where="batchsim/spec/effective.py _fargate_size",
        tests=f"{ARCHITECTURES}_fargate_has_no_gpus",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.spec.effective._fargate_size", lambda vcpus_milli, memory_mib, gpus, round_up: (1000, 2048)
        ),
    ),
    Row(
        id="5.8k",
        rule="An image is built for an architecture, and runs on types of that alone",
        source="API, RuntimePlatform",
        where="batchsim/spec/images.py image_architecture; batchsim/engine/ec2_offers.py Ec2Offers._holds",
        tests=f"{ARCHITECTURES}_an_image_runs_on_the_architecture_that_it_is_built_for",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective.image_architecture", lambda world, image: None),
        note="By world.images; a job that no type suits is found before the run, where AWS would start and fail it",
    ),
]
