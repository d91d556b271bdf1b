# %% [markdown]
# # Priorities, head-of-line blocking, dependencies
#
# Which job starts next, and why does mine not? You will see
#
# - what a queue's priority does, and what it does not (nothing is ever pre-empted);
# - how one wide job holds everybody behind it, and that a queue of its own may starve it;
# - how the three kinds of dependencies differ, on two arrays of four jobs;
# - where to read the reason of a wait.
#
# One instance of 4 vCPUs is kept warm and nothing takes time but the jobs, so that every number can be checked by eye.

# %%
import batchsim
from batchsim.testing import definition, entry, environment, queue, scenario, submit

AT_ONCE = dict.fromkeys(("scheduler_cycle", "warm_start", "new_image", "timeout_lag", "scale_up_delay"), "0s")


def run(workload, queues=None):
    """One warm instance of 4 vCPUs; jobs of 1, 2 or 4 vCPUs; one queue, unless others are given."""
    return batchsim.run(
        scenario(
            computeEnvironments=[environment("host", most=4, instanceTypes=["my.xlarge"], minvCpus=4)],
            jobQueues=queues or [queue("line", ["host"])],
            jobDefinitions=[definition(f"{vcpus}-vcpu", vcpus, 1024) for vcpus in (1, 2, 4)],
            workload=workload,
            world={
                "instanceTypes": {"my.xlarge": {"vcpu": 4, "memory": "16GiB", "price": "$0.36/h"}},
                "slow_pull_probability": 0,
                **AT_ONCE,
            },
        )
    )


# %% [markdown]
# ## Priority decides who is next, not who stays
#
# Two queues share the instance: `urgent` (priority 10) and `nightly` (priority 1). The nightly jobs come first and fill
# it: eight of 1 vCPU, two minutes each. A minute later two urgent jobs of 2 vCPUs come.

# %%
two_queues = [queue("urgent", ["host"], priority=10), queue("nightly", ["host"], priority=1)]
result = run(
    [
        entry("night", "nightly", "1-vcpu", run="2m", size=8),
        entry("now", "urgent", "2-vcpu", run="1m", count=2, at="1m"),
    ],
    two_queues,
)
result.plot.gantt()

# %% [markdown]
# The urgent jobs wait a minute for the first four nightly ones to end: AWS Batch never stops a job for another. Then
# they go before the four nightly jobs that had waited twice as long.

# %%
starts = result.attempts.set_index("job_id")["starting_at_s"]
print(starts.sort_values(kind="stable").to_string())
assert starts["now@0"] == starts["now@1"] == 120
assert starts["night:4"] == 120 + 60

# %% [markdown]
# The timeline says why the head of each queue waited, and the reason is there for each job too. The nightly jobs waited
# two minutes because the environment was full, and one because of the higher queue:

# %%
result.timeline[result.timeline["queue"] == "nightly"][["at_s", "reason", "job_id"]]

# %%
waits = result.jobs.set_index("job_id")
print(waits.loc["night:4", ["wait_max_vcpus_s", "wait_higher_queue_s", "wait_s"]].to_string())
assert waits.loc["night:4", "wait_higher_queue_s"] == 60

# %% [markdown]
# ## Head-of-line blocking
#
# Within a queue the order is first come, first served, and strict: only the head may start. Here the head of the line
# becomes `wide`, which needs the whole instance.

# %%
work = [
    entry("a", "line", "2-vcpu", run="3m"),
    entry("wide", "line", "4-vcpu", run="1m"),
    entry("b", "line", "1-vcpu", run="1m", size=4),
]
result = run(work)
result.plot.gantt()

# %%
blocked = result.jobs.set_index("job_id")
print(blocked[["wait_s", "wait_behind_s"]].to_string())
assert blocked.loc["b:0", "wait_s"] == 180 + 60

# %% [markdown]
# Two vCPUs stand empty for three minutes, and the four short jobs wait for four. `wait_behind_s` is how much of that
# was spent behind another head: `b:0` was the head itself once `wide` had started, the others were behind it to the
# end.
#
# Would a queue of its own help? Give the wide job one, of the same priority:

# %%
own_queue = [queue("line", ["host"]), queue("wide-line", ["host"])]
result = run([work[0], entry("wide", "wide-line", "4-vcpu", run="1m"), work[2]], own_queue)
print(result.jobs.set_index("job_id")[["queue", "wait_s"]].to_string())
assert result.jobs["wait_s"].tolist() == [0, 180, 0, 0, 60, 60]

# %% [markdown]
# The short jobs use the two vCPUs and nobody waits longer than before. But nothing reserves the instance for the wide
# job either. If short jobs keep coming, it starves: here one comes every 30 seconds and runs for a minute.

# %%
stream = entry("short", "line", "1-vcpu", run="1m", at={"rate": "2/min"}, count=20)
wide = entry("wide", "wide-line", "4-vcpu", run="1m", at="10s")
result = run([stream, wide], own_queue)
waited = result.jobs.set_index("job_id").loc["wide", "wait_s"]
print(f"wide waited {waited / 60:.1f} min")
result.plot.gantt()

# %% [markdown]
# Half of the instance was empty all that time. A higher priority does not help: as far as AWS documents it, a head that
# does not fit holds its own queue and lets the queues below go, and nothing is kept free for it.

# %%
first_class = [queue("line", ["host"]), queue("wide-line", ["host"], priority=100)]
again = run([stream, wide], first_class).jobs.set_index("job_id").loc["wide", "wait_s"]
print(f"with the highest priority: {again / 60:.1f} min")
assert again == waited

# %% [markdown]
# What helps is room that others do not take: an environment of its own, or a maxvCpus that lets AWS Batch launch
# another instance for it.
#
# ## Dependencies
#
# `dependsOn` comes in three kinds. Take an array `extract` of four children, one minute each, and an array `transform`
# of four, two minutes and 2 vCPUs each.
#
# - `{type: SEQUENTIAL}` on an array itself: child 1 after child 0, and so on. `extract` is so in both runs.
# - `{jobId: extract}`, without a type: every child of `transform` waits for the *whole* of `extract`.
# - `{jobId: extract, type: N_TO_N}`: `transform:2` waits for `extract:2` only.


# %%
def pipeline(link):
    extract = submit("extract", "line", "1-vcpu", size=4, dependsOn=[{"type": "SEQUENTIAL"}])
    transform = submit("transform", "line", "2-vcpu", size=4, dependsOn=[link])
    return [
        {"id": "extract", "submit": extract, "run": "1m"},
        {"id": "transform", "submit": transform, "run": "2m"},
    ]


whole = run(pipeline({"jobId": "extract"}))
index_by_index = run(pipeline({"jobId": "extract", "type": "N_TO_N"}))
whole.plot.gantt()

# %%
index_by_index.plot.gantt()

# %% [markdown]
# (One job of 2 vCPUs is drawn in two parts, since the vCPUs that were free for it are no neighbours in the picture.)
#
# Index by index, the first result is there after 3 minutes and not after 6, and the last after 7 and not after 8. Until
# its dependency is met a job is PENDING, which is no waiting in line: it is `dependency_s`, not `wait_s`.

# %%
for name, result in (("whole array", whole), ("N_TO_N", index_by_index)):
    table = result.jobs.set_index("job_id").loc["transform:0":"transform:3", ["dependency_s", "wait_s", "ended_at_s"]]
    print(name, table.to_string(), sep="\n")
assert whole.jobs["ended_at_s"].max() == 4 * 60 + 2 * 2 * 60
assert index_by_index.jobs["ended_at_s"].max() == 7 * 60

# %% [markdown]
# A dependency is on *success*. When `load` fails, `report` never starts; nor does what depends on `report`.

# %%
fails = {"script": [{"run": "1m", "exit": 1}]}
chain = [
    entry("load", "line", "1-vcpu", run=fails),
    {"id": "report", "submit": submit("report", "line", "1-vcpu", dependsOn=[{"jobId": "load"}]), "run": "1m"},
    {"id": "mail", "submit": submit("mail", "line", "1-vcpu", dependsOn=[{"jobId": "report"}]), "run": "1m"},
]
run(chain).jobs[["job_id", "state", "reason", "attempts", "ended_at_s"]]

# %% [markdown]
# ## Exercises
#
# **1.** In the first example, let the urgent jobs come at 30 s, and let there be three. When does each start?
#
# <details><summary>Answer</summary>
#
# All nightly jobs that run end at 2 min. Two urgent ones take the 4 vCPUs then, the third follows them at 3 min, and
# leaves 2 vCPUs to the nightly ones for that minute.
#
# ```python
# more = [
#     entry("night", "nightly", "1-vcpu", run="2m", size=8),
#     entry("now", "urgent", "2-vcpu", run="1m", count=3, at="30s"),
# ]
# starts = run(more, two_queues).attempts.set_index("job_id")["starting_at_s"]
# print({job: start / 60 for job, start in starts.items() if start})
# ```
# ```text
# {'now@0': 2.0, 'now@1': 2.0, 'now@2': 3.0, 'night:4': 3.0, 'night:5': 3.0, 'night:6': 4.0, 'night:7': 4.0}
# ```
#
# </details>
#
# **2.** What if every short job of the stream ran for 30 seconds only? Does `wide` still wait so long?
#
# <details><summary>Answer</summary>
#
# It does. Each short job ends in the instant in which the next one comes; both come before the scheduling pass of that
# instant, and of equal priorities the first queue in the file is served first. So one short job always runs. With 29
# seconds there is a second without one, and `wide` starts in it.
#
# ```python
# for length in ("30s", "29s"):
#     short = entry("short", "line", "1-vcpu", run=length, at={"rate": "2/min"}, count=20)
#     print(length, run([short, wide], own_queue).jobs.set_index("job_id").loc["wide", "wait_s"])
# ```
# ```text
# 30s 590.0
# 29s 19.0
# ```
#
# </details>
#
# **3.** `load` is flaky: half of its attempts fail. What must change so that `mail` is sent in most nights?
#
# <details><summary>Answer</summary>
#
# Retries: a dependency waits for the job, not for an attempt. With `retryStrategy: {attempts: 3}` the script below
# fails once and then succeeds, and the chain goes on.
#
# ```python
# flaky = {"script": [{"run": "1m", "exit": 1}, {"run": "1m"}]}
# load = {"id": "load", "submit": submit("load", "line", "1-vcpu", retryStrategy={"attempts": 3}), "run": flaky}
# print(run([load, *chain[1:]]).jobs.set_index("job_id")["ended_at_s"].to_string())
# ```
# ```text
# job_id
# load      120.0
# report    180.0
# mail      240.0
# ```
#
# </details>
