# %% [markdown]
# # What the scheduler does, step by step
#
# Ten jobs, two instances, no randomness. You will
#
# - stop the clock at every decision: a launch, a placement, a scale-in;
# - work out each instant on paper first, and let the notebook check your arithmetic;
# - see which part of a job's time was waiting, starting and running, and what the night cost.
#
# Every delay is a constant, so that each number follows from the ones before. AWS's own delays vary; the defaults of
# `world` say by how much.

# %% [markdown]
# ## The scenario
#
# The first half is AWS Batch's own JSON, written as YAML. `world` and `workload` say what AWS cannot know: how long
# things take. An instance here has 4 vCPUs and costs $0.36 an hour, which is $0.0001 a second.

# %%
import batchsim

story = """
name: ten-jobs
computeEnvironments:
- computeEnvironmentName: hosts
  type: MANAGED
  computeResources:
    type: EC2
    allocationStrategy: BEST_FIT_PROGRESSIVE
    instanceTypes: [my.xlarge]
    minvCpus: 0
    maxvCpus: 8
jobQueues:
- jobQueueName: science
  priority: 1
  computeEnvironmentOrder: [{order: 1, computeEnvironment: hosts}]
jobDefinitions:
- {jobDefinitionName: small, type: container, containerProperties: {image: small, vcpus: 1, memory: 1024}}
- {jobDefinitionName: wide, type: container, containerProperties: {image: wide, vcpus: 4, memory: 4096}}
workload:
- id: clean
  submit: {jobName: clean, jobQueue: science, jobDefinition: small, arrayProperties: {size: 6}}
  run: 3m
- id: train
  submit: {jobName: train, jobQueue: science, jobDefinition: wide}
  run: 5m
- id: score
  submit: {jobName: score, jobQueue: science, jobDefinition: small}
  count: 2
  at: 1m
  run: 2m
- id: report
  submit: {jobName: report, jobQueue: science, jobDefinition: small, dependsOn: [{jobId: train}]}
  run: 1m
world:
  instanceTypes:
    my.xlarge: {vcpu: 4, memory: 16GiB, usable_memory: 16GiB, arch: x86_64, price: $0.36/h}
  scale_up_delay: 20s     # from unmet demand to the decision to launch
  instance_pending: 10s   # the first part of the boot; EC2 does not bill it
  instance_boot: 30s      # the whole boot
  agent_register: 60s     # until the ECS agent takes jobs
  new_image: 10s          # the first pull of an image on a host
  slow_pull_probability: 0
  warm_start: 5s          # each container start
  scheduler_cycle: 1s
  scale_down_idle: 5m     # an instance without a job may go after this
  scale_down_check: 1m    # and is looked for this often
  root_gb: 0              # no root volume to pay for
simulation: {seed: 1}
"""
scenario = batchsim.loads(story)

# %% [markdown]
# ## Nothing runs yet
#
# `Simulation` is a run that you drive yourself. At t = 0 nine jobs are due, the two `score` jobs come a minute later,
# and `report` waits for `train`, so it is PENDING: it is not in line at all.

# %%
sim = batchsim.Simulation(scenario)
sim.advance(until="1s")
look = sim.snapshot()
print(look.states["science"])
print("in line:", *look.front["science"])

# %% [markdown]
# ## The first decision: a launch
#
# Seven jobs are RUNNABLE: six of 1 vCPU and one of 4, 10 vCPUs in all. An instance has 4, and the environment may grow
# to 8, so AWS Batch can launch two. It decides `scale_up_delay` = 20 s after the demand arose.

# %%
first, second = (sim.advance(to_next_decision=True) for _ in range(2))
print(first, second, sep="\n")
assert first.at_s == second.at_s == 0 + 20
assert sim.snapshot().environments["hosts"].desired_vcpus == 8

# %% [markdown]
# Two is the end: 8 vCPUs are on the way, and 10 are wanted. `train` will have to wait for somebody's job to end,
# although nothing has started yet.
#
# ## The first placements
#
# An instance takes jobs when it has booted (30 s) and its agent has registered (60 s): at 20 + 30 + 60 = **110 s**.
# `clean` came first, so its six children go first. Packing is *best fit*: each job goes to the instance with the least
# room that holds it. That fills instance 0 with four children, and leaves two of them on instance 1.

# %%
placed = [sim.advance(to_next_decision=True) for _ in range(6)]
print(*placed, sep="\n")
assert all(decision.at_s == 20 + 30 + 60 for decision in placed)
assert [decision.ordinal for decision in placed] == [0, 0, 0, 0, 1, 1]

# %% [markdown]
# ## Head-of-line blocking
#
# Instance 1 has two vCPUs free. The two `score` jobs need one each. Do they start?

# %%
look = sim.snapshot()
print("in line:", *look.front["science"])
for name, room in look.free.items():
    print(f"{name} has {room.vcpus} vCPUs free")

# %% [markdown]
# They do not. `train` is the head of the queue, it needs 4 vCPUs at once, and a FIFO queue is strict: nobody passes
# the head. The two vCPUs stand empty until `clean` is done.
#
# When is that? The children started at 110 s. Each host pulls the image once (10 s), each container starts (5 s), then
# runs for 3 minutes: 110 + 10 + 5 + 180 = **305 s**. Then all of them end at once, `train` takes one whole instance and
# the `score` jobs go to the other.

# %%
placed = [sim.advance(to_next_decision=True) for _ in range(3)]
print(*placed, sep="\n")
assert all(decision.at_s == 110 + 10 + 5 + 180 == 305 for decision in placed)

# %% [markdown]
# ## A dependency
#
# `train` has an image of its own, so instance 0 pulls again: it runs from 305 + 10 + 5 = 320 s, for 5 minutes, until
# **620 s**. In that instant `report` is released from PENDING, becomes RUNNABLE, and finds room. Both instances are
# empty by now; of equal rooms the oldest is taken.

# %%
report = sim.advance(to_next_decision=True)
print(report)
assert report.at_s == 305 + 10 + 5 + 300 == 620
assert report.ordinal == 0

# %% [markdown]
# ## Scale-in
#
# The image `small` is on instance 0 already, so `report` only starts (5 s) and runs (60 s): it ends at
# 620 + 5 + 60 = **685 s**.
#
# The `score` jobs found their image on instance 1 too, and ended at 305 + 5 + 120 = 430 s. Instance 1 idles since then.
# It may go after five minutes, at 730 s, and the next check on the grid of one minute is at 780 s. Instance 0 idles
# since 685 s, may go at 985 s and goes at 1,020 s.

# %%
gone = [sim.advance(to_next_decision=True) for _ in range(2)]
print(*gone, sep="\n")
assert [(decision.ordinal, decision.at_s) for decision in gone] == [(1, 780), (0, 1020)]
assert sim.advance(to_next_decision=True) is None

# %% [markdown]
# ## Where the time went
#
# The run is over, and here it is as a whole: a row for each instance, and in it the jobs on its vCPUs.

# %%
result = sim.finish()
result.plot.gantt()

# %% [markdown]
# Each job's turnaround is the exact sum of its parts. For `train`: it waited for 305 s, pulled and started for 15 s and
# ran for 300 s.

# %%
parts = ["wait_s", "image_pull_s", "container_start_s", "last_running_s", "turnaround_s"]
jobs = result.jobs.set_index("job_id")
jobs[parts]

# %%
assert jobs.loc["train", parts].tolist() == [305, 10, 5, 300, 620]
assert jobs.loc["score@0", parts].tolist() == [305 - 60, 0, 5, 120, 430 - 60]
assert (jobs[parts[:-1]].sum(axis=1) + jobs["dependency_s"] == jobs["turnaround_s"]).all()

# %% [markdown]
# And why it waited. While the queue's head waits, the timeline names the reason:

# %%
result.timeline[["at_s", "reason", "job_id"]]

# %% [markdown]
# From 110 s on the reason is `max_vcpus`: the environment is as large as it may be, and `train` waits for somebody to
# leave. The `score` jobs waited from 110 s to 305 s for the same reason, *behind the head*:

# %%
print(jobs.loc["score@0", ["wait_max_vcpus_s", "wait_behind_s"]])
assert jobs.loc["score@0", "wait_max_vcpus_s"] == 305 - 110

# %% [markdown]
# ## What it cost
#
# An instance is billed from when it runs: 10 s after its launch. At $0.0001 a second:
#
# - instance 0 from 30 s to 1,020 s: 990 s, $0.099;
# - instance 1 from 30 s to 780 s: 750 s, $0.075.

# %%
print(result.instances[["type", "billed_s", "cost_usd"]])
assert result.instances["billed_s"].tolist() == [1020 - 30, 780 - 30]
assert result.summary()["cost"]["total_usd"] == 0.0990 + 0.0750

# %% [markdown]
# Not even half of it was for jobs that ran. The rest was boot, pulls, idle instances and empty vCPUs, and every cent
# has a cause:

# %%
result.costs.groupby("cause")["cost_usd"].sum().sort_values(ascending=False)

# %% [markdown]
# `useful_work` by hand: a job holds the mean of its vCPU and memory shares of the instance. A `small` job holds
# (1/4 + 1/16) / 2 = 5/32 of it, `train` (4/4 + 4/16) / 2 = 5/8. Each second in which it runs costs that share of
# $0.0001.

# %%
small, wide = 5 / 32, 5 / 8
by_hand = 0.0001 * (small * (6 * 180 + 2 * 120 + 60) + wide * 300)
useful = result.costs.loc[result.costs["cause"] == "useful_work", "cost_usd"].sum()
print(f"by hand ${by_hand:.6f}, by batchsim ${useful:.6f}")
assert abs(by_hand - useful) < 1e-9

# %% [markdown]
# ## Exercises
#
# **1.** With `maxvCpus: 12` a third instance may be launched. When does `train` start, and is the night cheaper?
#
# <details><summary>Answer</summary>
#
# At 110 s, with the others: a whole instance is waiting for it, and nobody blocks. `report` ends 195 s earlier, at
# 490 s. But a third instance boots and idles, which costs more than the earlier end saves.
#
# ```python
# wider = batchsim.run(scenario.with_("hosts.maxvCpus", 12))
# table = wider.jobs.set_index("job_id")
# print(table.loc["train", "wait_s"], table.loc["report", "ended_at_s"])
# print(f"${wider.summary()['cost']['total_usd']:.4f} and not ${result.summary()['cost']['total_usd']:.4f}")
# ```
# ```text
# 110.0 490.0
# $0.2190 and not $0.1740
# ```
#
# </details>
#
# **2.** The `score` jobs are short and somebody waits for them. Without another instance, how could they start at
# 110 s?
#
# <details><summary>Answer</summary>
#
# In a queue of their own: the head of one queue does not hold the jobs of another. They take the two free vCPUs of
# instance 1 at 110 s, and are done before `clean` is. `train` loses nothing.
#
# ```python
# quick = "- {jobQueueName: quick, priority: 1, computeEnvironmentOrder: [{order: 1, computeEnvironment: hosts}]}"
# two = story.replace("jobDefinitions:", quick + "\njobDefinitions:")
# two = two.replace("jobName: score, jobQueue: science", "jobName: score, jobQueue: quick")
# table = batchsim.run(batchsim.loads(two)).jobs.set_index("job_id")
# print(table.loc[["score@0", "train"], ["wait_s", "ended_at_s"]])
# ```
# ```text
#          wait_s  ended_at_s
# job_id
# score@0    50.0       245.0
# train     305.0       620.0
# ```
#
# </details>
