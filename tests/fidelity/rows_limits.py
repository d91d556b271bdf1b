"""Rows of the table of behaviours: limits of the service (User Guide, "Service quotas")."""

from fidelity_rows import Row

LIMITS = "tests/behaviour/test_service_limits.py::test"
QUOTAS = 'User Guide, "Service quotas"'


def limit(*names):
    """The test of each of these limits: one beyond it is refused, and it is not."""
    return tuple(f"{LIMITS}_a_limit_refuses_one_beyond_it_and_no_less[{name}]" for name in names)


def constant(path, value):
    """A limit of another size."""
    return lambda patch: patch.setattr(f"batchsim.spec.checks.{path}", value)


def looser(*codes):
    """Bounds of whole numbers with these codes are one looser."""

    def breaks(patch):
        from batchsim.spec.base import check_whole

        def check(value, code, low, high, what="a whole number"):
            slack = code in codes
            return check_whole(value, code, low - slack, high + slack, what)

        patch.setattr("batchsim.spec.kinds.check_whole", check)

    return breaks


def every_child_counts(patch):
    """An array takes as many calls as it has children."""
    patch.setattr("batchsim.engine.token_bucket.TokenBucket.take", lambda self, _: setattr(self, "_level", 0))


ROWS = [
    Row(
        id="B3",
        rule="SubmitJob takes 50 calls a second, and answers HTTP 429 to more",
        source=QUOTAS,
        where="batchsim/engine/arrivals.py Arrivals",
        status="parameter",
        key="enforce_submit_tps",
        tests={
            True: f"{LIMITS}_fifty_calls_a_second_are_taken_and_the_rest_get_429_and_come_again",
            False: f"{LIMITS}_by_default_nobody_counts_the_calls",
        },
    ),
    Row(
        id="B4",
        rule="Requests, definitions and arrays have largest sizes",
        source=QUOTAS,
        where="batchsim/spec/world.py World",
        status="parameter",
        key="strict_limits",
        tests={
            True: f"{LIMITS}_a_limit_refuses_one_beyond_it_and_no_less[queues 50]",
            False: f"{LIMITS}_without_strict_limits_any_number_may_be_submitted",
        },
        breaks=constant("limits.MAX_PER_REGION", 51),
    ),
    Row(
        id="3.1m",
        rule="A job has 20 dependencies at most",
        source="API, SubmitJob",
        where="batchsim/spec/checks/dependencies.py check_dependencies",
        tests=limit("dependencies 20"),
        status="exact",
        breaks=constant("dependencies.MAX_DEPENDENCIES", 21),
    ),
    Row(
        id="3.2m",
        rule="An array has 2 to 10,000 children",
        source="API, ArrayProperties",
        where="batchsim/spec/jobs.py ArrayProperties",
        tests=limit("largest array 10000", "least array 2"),
        status="exact",
        breaks=looser("E129"),
    ),
    Row(
        id="3.2n",
        rule="An array is one call of the API, whatever its size",
        source=QUOTAS,
        where="batchsim/engine/arrivals.py Arrivals",
        tests=f"{LIMITS}_an_array_is_one_call_whatever_its_size",
        status="exact",
        breaks=every_child_counts,
    ),
    Row(
        id="8a",
        rule="A Region has 50 job queues and 50 compute environments at most",
        source=QUOTAS,
        where="batchsim/spec/checks/limits.py check_limits",
        tests=limit("queues 50", "environments 50"),
        status="exact",
        breaks=constant("limits.MAX_PER_REGION", 51),
    ),
    Row(
        id="8b",
        rule="A queue has 3 compute environments at most",
        source=QUOTAS,
        where="batchsim/spec/checks/capacity.py MAX_ENVIRONMENTS_PER_QUEUE",
        tests=limit("environments of a queue 3"),
        status="exact",
        breaks=constant("capacity.MAX_ENVIRONMENTS_PER_QUEUE", 4),
    ),
    Row(
        id="8c",
        rule="A job definition has 24 KiB at most",
        source=QUOTAS,
        where="batchsim/spec/checks/limits.py check_limits",
        tests=limit("job definition 24576"),
        status="exact",
        breaks=constant("limits.MAX_DEFINITION", 24 * 1024 + 1),
        note="As JSON without white space",
    ),
    Row(
        id="8d",
        rule="A SubmitJob request has 30 KiB at most",
        source=QUOTAS,
        where="batchsim/spec/checks/limits.py check_limits",
        tests=limit("SubmitJob request 30720"),
        status="exact",
        breaks=constant("limits.MAX_PAYLOAD", 30 * 1024 + 1),
        note="As JSON without white space; dependencies by the entries' own ids",
    ),
    Row(
        id="8e",
        rule="Container overrides have 8,192 characters at most",
        source="AWS Batch's error message",
        where="batchsim/spec/checks/limits.py check_limits",
        tests=limit("container overrides 8192"),
        status="exact",
        breaks=constant("limits.MAX_OVERRIDES", 8193),
    ),
    Row(
        id="8f",
        rule="Resources have 50 tags at most, and a job and its definition together too",
        source="API, SubmitJob",
        where="batchsim/spec/checks/limits.py check_limits",
        tests=limit(
            "tags of a definition 50",
            "tags of a request 50",
            "tags of a queue 50",
            "tags of an environment 50",
            "tags of a job and its definition 50",
        ),
        status="modelled",
        breaks=constant("limits.MAX_TAGS", 51),
        note="A job that would have too many is refused before the run; AWS Batch takes it and lets it fail",
    ),
    Row(
        id="8g",
        rule="A million jobs may be SUBMITTED at once",
        source=QUOTAS,
        where="batchsim/engine/submitted.py SubmittedJobs",
        status="parameter",
        key="submitted_limit",
        tests={
            "default": f"{LIMITS}_a_million_jobs_are_taken_at_once_and_not_one_more",
            5: f"{LIMITS}_jobs_beyond_the_limit_are_refused_and_each_call_is_a_record",
            1: f"{LIMITS}_jobs_leave_submitted_when_the_scheduler_looks_at_them",
        },
        note="Until the scheduler's next look; children of an array count",
    ),
    Row(
        id="8h",
        rule="Every call that is refused is a record, a call from outside too",
        source="not documented",
        where="batchsim/engine/rejections.py RejectionLog; batchsim/engine/submit_job.py SubmitJob",
        tests=(
            f"{LIMITS}_jobs_beyond_the_limit_are_refused_and_each_call_is_a_record",
            f"{LIMITS}_a_call_from_outside_is_refused_likewise",
            f"{LIMITS}_each_refused_call_is_a_row_with_its_instant_and_error",
        ),
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.rejections.RejectionLog.write", lambda self, *told: None),
        note="A row in rejections, and of one refused for good a row in submissions that is NOT_SUBMITTED and says why",
    ),
    Row(
        id="8i",
        rule="The rate of SubmitJob is 50 calls a second for an account and Region",
        source=QUOTAS,
        where="batchsim/engine/arrivals.py Arrivals",
        status="parameter",
        key="submit_tps",
        tests={
            50: f"{LIMITS}_fifty_calls_a_second_are_taken_and_the_rest_get_429_and_come_again",
            1: f"{LIMITS}_the_back_off_doubles_from_its_base_up_to_its_cap",
            10: f"{LIMITS}_a_client_that_goes_faster_waits_its_turn_behind_its_own_throttled_call",
        },
    ),
    Row(
        id="8j",
        rule="What a client does after HTTP 429 is its own affair: here its back-off doubles",
        source="not documented",
        where="batchsim/engine/arrivals.py Arrivals",
        status="parameter",
        key="submit_backoff_base",
        tests={
            "1s": f"{LIMITS}_the_back_off_doubles_from_its_base_up_to_its_cap[1s-20s-instants0]",
            "2s": f"{LIMITS}_the_back_off_doubles_from_its_base_up_to_its_cap[2s-20s-instants1]",
        },
    ),
    Row(
        id="8k",
        rule="The client's back-off has a longest value",
        source="not documented",
        where="batchsim/engine/arrivals.py Arrivals",
        status="parameter",
        key="submit_backoff_cap",
        tests={
            "20s": f"{LIMITS}_the_back_off_doubles_from_its_base_up_to_its_cap[1s-20s-instants0]",
            "2s": f"{LIMITS}_the_back_off_doubles_from_its_base_up_to_its_cap[1s-2s-instants2]",
        },
    ),
    Row(
        id="8l",
        rule="A job has 1 to 10 attempts",
        source="API, RetryStrategy",
        where="batchsim/spec/jobs.py RetryStrategy",
        tests=limit("attempts 10", "attempts of a definition 10", "least attempts 1"),
        status="exact",
        breaks=looser("E134"),
    ),
    Row(
        id="8m",
        rule="evaluateOnExit has 5 entries at most",
        source="API, RetryStrategy",
        where="batchsim/spec/checks/submissions.py MAX_RULES",
        tests=limit("rules 5", "rules of a definition 5"),
        status="exact",
        breaks=constant("submissions.MAX_RULES", 6),
    ),
    Row(
        id="8n",
        rule="A pattern of evaluateOnExit has 512 characters at most",
        source="API, EvaluateOnExit",
        where="batchsim/spec/jobs.py MAX_PATTERN",
        tests=limit("pattern 512", "pattern of a status 512"),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.jobs.MAX_PATTERN", 513),
    ),
    Row(
        id="8o",
        rule="A timeout is 60 seconds at least",
        source="API, JobTimeout",
        where="batchsim/spec/jobs.py JobTimeout",
        tests=limit("timeout 60"),
        status="exact",
        breaks=looser("E138"),
    ),
    Row(
        id="8p",
        rule="Ephemeral storage is 21 to 200 GiB, a limit on stuck heads 600 to 86,400 seconds",
        source="API, EphemeralStorage and JobStateTimeLimitAction",
        where="batchsim/spec/jobs.py EphemeralStorage; batchsim/spec/queues.py JobStateTimeLimitAction",
        tests=limit("least storage 21", "most storage 200", "stuck for at least 600", "stuck for at most 86400"),
        status="exact",
        breaks=looser("E114"),
    ),
    Row(
        id="8q",
        rule="A queue has 20 quota shares, and SubmitServiceJob takes 5 calls a second",
        source=QUOTAS,
        status="out of scope",
        note="Quota shares and service jobs are of SageMaker's queues, which are not simulated",
    ),
]
