"""Rows of the table of behaviours: room on hosts, packing, cold starts and images (User Guide, "Memory management")."""

from fidelity_rows import Row, always
from mutations import around, planned_end

from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.fleet import Fleet
from batchsim.engine.images import ImageCache

HOSTS = "tests/behaviour/test_hosts.py"
COLD = "tests/behaviour/test_cold_start.py"
SCALING = "tests/behaviour/test_scaling.py"
FARGATE = "tests/behaviour/test_fargate.py"
GOLDEN = "tests/golden/test_golden_vectors.py"
MEMORY = "User Guide, Memory management (memory-management)"
STATES = "User Guide, Job states (job_states)"
IMAGES = "User Guide, best practices for images (bestpractice3)"
AGENT = "ECS Developer Guide, image pull behaviour of the agent"
BOOT = "batchsim/engine/launch.py Launcher._boot"
READY = "batchsim/engine/images.py ImageCache.ready_at"
UNPUBLISHED = "not documented"
FITTED = "not documented; fitted on recorded runs"


def stage(key, name, what, law, source=FITTED, **tests):
    """A part of a cold start that the world gives a law for."""
    return Row(
        id=name,
        rule=what,
        source=source,
        where=BOOT if key != "scale_up_delay" else "batchsim/engine/scale_up.py Scaler",
        tests=tests.get("tests")
        or {
            "default": f"{COLD}::test_each_stage_draws_what_its_law_says[{key}]",
            "100s": f"{COLD}::test_or_as_a_what_if_a_stage_takes_always_as_long[{key}]",
        },
        status="parameter",
        key=key,
        note=law,
    )


def pull_each_time(_, self, image, __, key, pull, now_ms):
    """Every start pulls."""
    return now_ms + (pull.ec2_ms if pull else self._drawn_ms(image, key.environment, key.ordinal))


def nobody_joins_a_pull(method, self, image, host, key, pull, now_ms):
    """A pull that is under way is not shared."""
    ready = method(self, image, host, key, pull, now_ms)
    return (
        now_ms + (pull.ec2_ms if pull else self._drawn_ms(image, key.environment, key.ordinal))
        if ready > now_ms
        else ready
    )


def at_most_29_on_a_host(patch):
    """As many as an m5.xlarge has addresses beside its own."""

    def find(method, self, *size):
        row = method(self, *size)
        return -1 if row >= 0 and len(self._instances.residents[row]) >= 29 else row

    around(Fleet, "find", find)(patch)
    around(Ec2Environment, "_capacity_for", lambda room, self, want, row: min(29, room(self, want, row)))(patch)


def most_memory_first(best, self, vcpus, memory_mib):
    """Of hosts with as many free vCPUs, that with most memory."""
    row, free = best(self, vcpus, memory_mib), self._instances
    alike = [each for each in self._key if free.free_vcpus[each] == free.free_vcpus[row]] if row >= 0 else [row]
    return max(alike, key=lambda each: free.free_mib[each])


ROWS = [
    Row(
        id="B27",
        rule="Jobs get less than an instance's nominal memory: the system's part and 32 MiB of Batch's own are missing",
        source=f"{MEMORY}; figures observed",
        where="batchsim/catalog/memory.py usable_memory_mib",
        tests={
            "nitro_fit": f"{HOSTS}::test_usable_memory_is_a_model_of_the_world[nitro_fit]",
            "ratio": f"{HOSTS}::test_usable_memory_is_a_model_of_the_world[ratio]",
            "exact": f"{HOSTS}::test_usable_memory_is_a_model_of_the_world[exact]",
        },
        status="parameter",
        key="mem_model",
    ),
    Row(
        id="B28",
        rule="vCPUs are shares, a soft limit: a job may use idle cores of its host",
        source="API, ContainerDetail (vcpus)",
        where="batchsim/engine/workload/progress.py running_ms",
        tests=f"{HOSTS}::test_a_busy_host_does_not_slow_its_jobs_down",
        status="modelled",
        breaks=planned_end(lambda end, attempts, *_: (end[0] + 1000 * attempts.table.ended_at.count(-1), *end[1:])),
        note="How long a job runs does not depend on its neighbours",
    ),
    Row(
        id="B30",
        rule="Which of the hosts with room a job goes to is not published",
        source=f"{UNPUBLISHED}; ECS Developer Guide, task placement strategies",
        where="batchsim/policies/packing.py PACKINGS; batchsim/engine/fleet.py Fleet.find",
        tests={
            "best_fit": f"{HOSTS}::test_which_of_two_part_full_hosts_a_job_goes_to[best_fit]",
            "first_fit": f"{HOSTS}::test_which_of_two_part_full_hosts_a_job_goes_to[first_fit]",
            "worst_fit": f"{HOSTS}::test_which_of_two_part_full_hosts_a_job_goes_to[worst_fit]",
        },
        status="parameter",
        key="packing",
    ),
    Row(
        id="V9",
        rule="A job of 8192 MiB never lands on an m5.large; one of 7600 MiB does, and one of 7647, but not of 7648",
        source=MEMORY,
        where="batchsim/catalog/memory.py usable_memory_mib",
        tests=f"{GOLDEN}::test_vector_9_jobs_can_ask_for_less_than_the_nominal_memory",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.catalog.pools.usable_memory_mib", lambda nominal, model: nominal),
    ),
    Row(
        id="5.9a",
        rule="Best fit is least free vCPU, then least free memory, then the oldest instance",
        source=f"{UNPUBLISHED}; ECS Developer Guide, task placement strategies (binpack)",
        where="batchsim/policies/packing.py best_fit; batchsim/engine/fleet.py Fleet",
        tests=f"{HOSTS}::test_best_fit_goes_by_memory_where_vcpus_are_equal_and_then_to_the_oldest",
        status="modelled",
        breaks=around(Fleet, "best", most_memory_first),
        note="A choice; recorded runs put 71 to 97 % of jobs on the fullest host with room",
    ),
    Row(
        id="5.9b",
        rule="Network interfaces and ports do not limit how many jobs share an instance",
        source="jobs use the host's network or a bridge",
        where="batchsim/engine/fleet.py Fleet.find",
        tests=f"{HOSTS}::test_a_host_takes_as_many_jobs_as_have_room_whatever_their_network_interfaces_and_ports",
        status="exact",
        breaks=at_most_29_on_a_host,
    ),
    Row(
        id="5.9c",
        rule="A node of a multi-node job has its instance for itself",
        source="User Guide, Multi-node parallel jobs (multi-node-parallel-jobs)",
        status="out of scope",
        note="Multi-node jobs are not simulated",
    ),
    stage(
        "scale_up_delay",
        "5.5a",
        "Demand is noticed some time before a scaling request is made",
        "",
        UNPUBLISHED,
    ),
    stage(
        "instance_boot",
        "5.5b",
        "An instance takes about half a minute from its launch to a booted system",
        "",
        "observed: two published samples of EC2 boots",
    ),
    Row(
        id="5.5c",
        rule="An instance is pending before it runs, and not billed meanwhile",
        source="EC2 User Guide, On-Demand Instances; figures observed",
        where=BOOT,
        tests={
            "default": f"{COLD}::test_the_first_part_of_the_boot_is_not_billed",
            "10s": f"{SCALING}::test_the_stages_of_a_boot_follow_one_another_and_pending_is_not_billed",
        },
        status="parameter",
        key="instance_pending",
    ),
    stage(
        "agent_register",
        "5.5d",
        "A booted instance takes jobs once its ECS agent has registered",
        "",
    ),
    stage(
        "user_data",
        "5.5e",
        "All user data must finish before the agent registers",
        "",
        "User Guide, Jobs stuck in RUNNABLE (job_stuck_in_runnable_common_causes)",
        tests={
            "default": f"{COLD}::test_user_data_take_no_time_unless_the_world_says_so",
            "100s": f"{COLD}::test_or_as_a_what_if_a_stage_takes_always_as_long[user_data]",
        },
    ),
    Row(
        id="5.5f",
        rule="A new instance takes a few minutes from demand to the running container",
        source="User Guide, When to use Fargate (when-to-use-fargate); fitted on recorded runs",
        where=BOOT,
        tests=f"{COLD}::test_half_of_all_cold_starts_take_less_than_three_minutes_and_eight_in_ten_two_to_four",
        status="modelled",
        breaks=always("agent_register", "30s"),
        note="The sum of the stages: 172 s in the median, 122 to 242 s for eight in ten",
    ),
    Row(
        id="5.5g",
        rule="Capacity that runs or boots is counted before more is ordered",
        source=UNPUBLISHED,
        where="batchsim/engine/demand.py DemandMeter",
        tests=f"{COLD}::test_what_boots_is_not_ordered_again",
        status="modelled",
        breaks=around(Ec2Environment, "booting_rooms", lambda rooms, self, **how: type(rooms(self, **how))()),
        note="The scaling loop is batchsim's own, made of the rules that are published",
    ),
    Row(
        id="5.5h",
        rule="Capacity is ordered for RUNNABLE jobs in the order in which they will be dispatched",
        source=UNPUBLISHED,
        where="batchsim/engine/demand.py DemandMeter",
        tests=f"{COLD}::test_demand_is_what_waits_in_the_order_in_which_it_will_start",
        status="modelled",
        breaks=around(DemandMeter, "_related", lambda related, self, target: related(self, target)[::-1]),
        note="A decision reads the first thousand runs of equal jobs, and counts by size beyond",
    ),
    Row(
        id="5.5i",
        rule="A job starts only on an instance that is registered",
        source=UNPUBLISHED,
        where="batchsim/engine/ec2.py Ec2Environment.open_to_jobs",
        tests=f"{COLD}::test_a_job_starts_only_on_an_instance_that_is_registered",
        status="modelled",
        breaks=always("agent_register", "0s"),
        note="As its states imply",
    ),
    Row(
        id="5.5j",
        rule="A job is not tied to the instance that was launched for it",
        source=UNPUBLISHED,
        where="batchsim/engine/scheduler.py Scheduler",
        tests=f"{SCALING}::test_a_job_takes_the_first_room_that_opens_not_the_instance_launched_for_it",
        status="modelled",
        breaks=around(Ec2Environment, "release", lambda release, self, attempt: None),
        note="It takes the first room that opens",
    ),
    Row(
        id="B37",
        rule=(
            "STARTING lasts as long as the image pull; an instance keeps the images that it has pulled, Fargate "
            "does not"
        ),
        source=f"{STATES}; {AGENT}; observed for Fargate",
        where=READY,
        tests=f"{HOSTS}::test_jobs_that_start_during_a_pull_wait_for_it_and_later_ones_do_not_pull",
        status="modelled",
        breaks=around(ImageCache, "ready_at", pull_each_time),
        note="An image is pulled as a whole: layers that two images share are pulled for each",
    ),
    Row(
        id="5.10a",
        rule="A pull takes a constant part and the image's size over a rate, where an entry gives the size",
        source=UNPUBLISHED,
        where="batchsim/engine/entries.py EntryCompiler._pull",
        tests={
            "80MB/s": f"{HOSTS}::test_the_rate_of_a_pull_is_a_choice[80MB/s]",
            "20MB/s": f"{HOSTS}::test_the_rate_of_a_pull_is_a_choice[20MB/s]",
        },
        status="parameter",
        key="pull_rate_ec2",
    ),
    Row(
        id="5.10b",
        rule="The constant part of a pull",
        source=UNPUBLISHED,
        where="batchsim/engine/entries.py EntryCompiler._pull",
        tests={
            "2s": f"{HOSTS}::test_the_constant_part_of_a_pull_is_a_choice[2s]",
            "0s": f"{HOSTS}::test_the_constant_part_of_a_pull_is_a_choice[0s]",
        },
        status="parameter",
        key="pull_overhead",
    ),
    Row(
        id="5.10c",
        rule="How long an image of unknown size takes at its first start on a host",
        source=FITTED,
        where="batchsim/engine/images.py ImageCache._drawn_ms",
        tests={
            "default": f"{HOSTS}::test_a_law_of_the_world_draws_what_it_says[new_image]",
            "20s": f"{HOSTS}::test_every_host_pulls_for_itself_and_every_image_is_pulled",
        },
        status="parameter",
        key="new_image",
    ),
    Row(
        id="5.10d",
        rule="Some of those pulls are slow: how many",
        source=FITTED,
        where="batchsim/engine/images.py ImageCache._drawn_ms",
        tests={
            0.2: f"{HOSTS}::test_a_part_of_first_pulls_is_slow[0.2]",
            0: f"{HOSTS}::test_a_part_of_first_pulls_is_slow[0]",
            1: f"{HOSTS}::test_a_part_of_first_pulls_is_slow[1]",
        },
        status="parameter",
        key="slow_pull_probability",
    ),
    Row(
        id="5.10e",
        rule="And how long they take",
        source=FITTED,
        where="batchsim/engine/images.py ImageCache._drawn_ms",
        tests={
            "default": f"{HOSTS}::test_a_law_of_the_world_draws_what_it_says[slow_pull]",
            "300s": f"{HOSTS}::test_how_long_a_slow_pull_takes_is_a_law[300s]",
        },
        status="parameter",
        key="slow_pull",
    ),
    Row(
        id="5.10f",
        rule="A second start on a host that has the image costs only the container's own start",
        source=AGENT,
        where=READY,
        tests={
            "default": f"{HOSTS}::test_a_law_of_the_world_draws_what_it_says[warm_start]",
            "5s": f"{HOSTS}::test_or_as_a_what_if_every_container_starts_alike[5s]",
            "0s": f"{HOSTS}::test_or_as_a_what_if_every_container_starts_alike[0s]",
        },
        status="parameter",
        key="warm_start",
    ),
    Row(
        id="5.10l",
        rule="The agent asks the registry at each start, even for an image that is there",
        source=f"{AGENT}; how long that takes is not documented",
        where=READY,
        tests={
            "0s": f"{HOSTS}::test_an_image_that_is_there_costs_nothing_or_as_a_what_if_a_look_at_the_registry[0s]",
            "1s": f"{HOSTS}::test_an_image_that_is_there_costs_nothing_or_as_a_what_if_a_look_at_the_registry[1s]",
        },
        status="parameter",
        key="cache_hit",
        note="`warm_start` was fitted with it",
    ),
    Row(
        id="5.10g",
        rule="Every host has a cache of its own",
        source=AGENT,
        where=READY,
        tests=f"{HOSTS}::test_a_new_host_knows_no_image",
        status="exact",
        breaks=around(ImageCache, "ready_at", lambda ready, self, image, host, *how: ready(self, image, 0, *how)),
    ),
    Row(
        id="5.10h",
        rule="Starts on one host that want the same image share one pull",
        source=AGENT,
        where=READY,
        tests=f"{HOSTS}::test_jobs_that_start_during_a_pull_wait_for_it_and_later_ones_do_not_pull",
        status="exact",
        breaks=around(ImageCache, "ready_at", nobody_joins_a_pull),
    ),
    Row(
        id="5.10i",
        rule="Docker pulls three layers at a time, and images beyond 4 GB matter most for the first jobs",
        source=IMAGES,
        where="batchsim/engine/entries.py EntryCompiler._pull",
        tests=f"{HOSTS}::test_an_image_of_a_known_size_takes_an_overhead_and_its_size",
        status="modelled",
        breaks=always("pull_rate_ec2", "240MB/s"),
        note="By one rate for the whole image; layers are not told apart",
    ),
    Row(
        id="5.10j",
        rule="Fargate keeps no image between tasks",
        source="observed: a request of users to AWS for such a cache",
        where="batchsim/engine/fargate.py FargateEnvironment._pull_ms",
        tests=f"{FARGATE}::test_every_task_pulls_for_itself",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.fargate.FargateEnvironment._pull_ms",
            lambda self, entry, index, attempt: entry.task_pulls.one_ms(0, 1) if index == 0 else 0,
        ),
    ),
    Row(
        id="5.10k",
        rule="How fast Fargate pulls an image of known size; lazy loading (SOCI) makes it seconds",
        source=f"{UNPUBLISHED}; ECS Developer Guide, Fargate tasks (fargate-tasks-services)",
        where="batchsim/engine/entries.py EntryCompiler._pull",
        tests={
            "40MB/s": f"{FARGATE}::test_an_image_of_a_known_size_takes_an_overhead_and_its_size[40MB/s]",
            "400MB/s": f"{FARGATE}::test_an_image_of_a_known_size_takes_an_overhead_and_its_size[400MB/s]",
        },
        status="parameter",
        key="pull_rate_fargate",
        note="Lazy loading is not told apart: give a higher rate, or the size that is loaded",
    ),
]
