# %% [markdown]
# # A first run
#
# Forty jobs on Spot instances, from a scenario of forty lines. You will
#
# - describe a night's work: AWS's half in AWS's own words, and what AWS cannot know;
# - run it, and read what it costs, how long jobs wait, and what for;
# - look at it: instances, jobs, vCPUs;
# - ask a first *what if*.
#
# Nothing is sent to AWS, and no account is needed.

# %% [markdown]
# ## A scenario has two halves
#
# The first is AWS Batch's: compute environments, queues, job definitions, with AWS's own fields, as `aws batch
# describe-*` prints them (JSON or YAML). The second, from `workload` on, says when jobs are submitted, how long they
# run, and how the cloud behaves.

# %%
import batchsim

story = """
name: thumbnails

computeEnvironments:
- computeEnvironmentName: spot
  type: MANAGED
  computeResources:
    type: SPOT
    allocationStrategy: SPOT_CAPACITY_OPTIMIZED
    instanceTypes: [m5.large, m5.xlarge]
    subnets: [SUBNET_A, SUBNET_B]
    minvCpus: 0
    maxvCpus: 32
jobQueues:
- jobQueueName: pictures
  priority: 1
  computeEnvironmentOrder: [{order: 1, computeEnvironment: spot}]
jobDefinitions:
- jobDefinitionName: shrink
  type: container
  containerProperties: {image: shrink, vcpus: 1, memory: 1800}
  retryStrategy: {attempts: 3}

workload:
- id: albums                                      # one SubmitJob call makes forty jobs
  submit: {jobName: albums, jobQueue: pictures, jobDefinition: shrink, arrayProperties: {size: 40}}
  run: {lognormal: {mean: 10m, cv: 0.5}}          # how long one attempt runs
  image: 600MB                                    # what a host pulls before its first container
- id: index
  submit: {jobName: index, jobQueue: pictures, jobDefinition: shrink, dependsOn: [{jobId: albums}]}
  run: 3m                                         # after all forty

world: {region: us-east-1, market: typical}
simulation: {seed: 1}
thresholds: {ready_at_s: "< 1h", cost_usd: "< 1"}
"""
scenario = batchsim.loads(story)

# %% [markdown]
# `loads` reads text, `load` a file. Mistakes are told all at once, each with its place and what was probably meant:

# %%
try:
    batchsim.loads(story.replace("maxvCpus", "maxVcpus").replace("run: 3m", "run: 3 min"), "story.yaml")
except batchsim.ScenarioError as error:
    print(error)

# %% [markdown]
# ## Run it

# %%
result = batchsim.run(scenario)
result

# %% [markdown]
# That is half a page of it; `print(result.report())` is all of it, with every assumption that the figures rest on.
# Every figure is also in `result.summary()`, a plain dictionary, the same as `summary.json` on disk:

# %%
summary = result.summary()
cost = summary["cost"]
print(f"${cost['total_usd']:.4f}, of it {cost['useful_share']:.0%} for useful work")
print(summary["jobs"]["by_state"], "thresholds:", [each["ok"] for each in summary["thresholds"]])
assert summary["jobs"]["succeeded"] == 40 + 1

# %% [markdown]
# Useful work is what you would pay if instances came at once, fitted exactly and vanished at the end. The rest has
# names, and adds up to the bill to the nano-dollar:

# %%
by_cause = result.costs.groupby("cause")["cost_usd"].sum()
assert abs(by_cause.sum() - cost["total_usd"]) < 1e-9
result.plot.cost_by_cause()

# %% [markdown]
# ## What happened
#
# A row an instance, a box a job. Hatched is the boot; the paler beginning of a box is the container's start: the
# first on each host pulls the image, all others find it there.

# %%
result.plot.gantt()

# %% [markdown]
# The same from above: vCPUs that the scaler wants, that run (and are billed), and that jobs hold.

# %%
result.plot.vcpus()

# %% [markdown]
# Capacity goes as far as `maxvCpus` and stays there until work runs out. Then instances idle for a few minutes before
# they go, and `index` keeps one of them: that is the *idle tail* of the bill.

# %%
peak = summary["throughput"]["by_environment"]["spot"]
assert peak["desired_vcpus_peak"] == peak["max_vcpus"] == 32
assert by_cause["idle_tail"] > 0

# %% [markdown]
# ## How long did jobs wait, and what for?
#
# Forty jobs, 32 vCPUs: eight jobs wait for a place. All others wait until there is an instance at all. Every wait is
# split by what the *head* of the queue waited for; those behind it wait for the same.

# %%
result.plot.wait_parts()

# %% [markdown]
# All tables are DataFrames. A job's turnaround is the exact sum of its parts:

# %%
parts = [
    "dependency_s",
    "wait_s",
    "retry_delay_s",
    "image_pull_s",
    "container_start_s",
    "earlier_running_s",
    "last_running_s",
]
jobs = result.jobs.set_index("job_id")
assert ((jobs[parts].sum(axis=1) - jobs["turnaround_s"]).abs() < 1e-6).all()
jobs.loc[["albums:0", "albums:39", "index"], [*parts, "turnaround_s"]].round(1)

# %% [markdown]
# `albums:0` pulled the image and `albums:39` came later; `index` spent most of its time as a dependency, PENDING.

# %%
assert jobs.loc["albums:0", "image_pull_s"] > 0
assert jobs.loc["albums:39", "wait_s"] > jobs.loc["albums:0", "wait_s"]
assert jobs.loc["index", "dependency_s"] > jobs.loc["index", "turnaround_s"] / 2

# %% [markdown]
# ## What if?
#
# `with_` takes any key of the scenario by its name. What do 16 vCPUs do, and 64? Jobs run equally long in each:
# random numbers belong to a job, not to the order of events, so that what differs is what you changed.

# %%
import pandas as pd

rows = []
for most in (16, 32, 64):
    night = batchsim.run(scenario.with_("spot.maxvCpus", most))
    found = night.summary()
    ready, usd = found["headline"]["data_ready_at_s"] / 60, found["cost"]["total_usd"]
    rows.append(
        (most, round(ready, 1), round(usd, 4), f"{found['utilisation']['vcpu']:.0%}", night.jobs["work_s"].sum())
    )
table = pd.DataFrame(rows, columns=["maxvCpus", "ready (min)", "USD", "vCPUs used", "work (s)"]).set_index("maxvCpus")
table

# %%
assert table["work (s)"].nunique() == 1
assert table.loc[16, "ready (min)"] > table.loc[32, "ready (min)"] >= table.loc[64, "ready (min)"]
assert table["USD"].is_monotonic_increasing
longest_min = jobs.loc[jobs.index != "index", "work_s"].max() / 60
share = longest_min / table.loc[32, "ready (min)"]
print(f"the longest album takes {longest_min:.0f} min, {share:.0%} of the night")
assert share > 0.5

# %% [markdown]
# Half the capacity is slower, but cheaper: less of it stands idle. Twice the capacity is dearer, and hardly faster,
# for the longest album sets the pace. One seed is one night, though: notebook 5 asks such a question properly.

# %% [markdown]
# ## Exercises
#
# **1.** Only the first jobs on a host pull the image. How many jobs pulled it, and how many instances were there?
#
# <details><summary>Answer</summary>
#
# As many jobs wait for a pull as start on a host before its first pull is over: on an instance of n vCPUs, n of them.
#
# ```python
# pulled = int((jobs["image_pull_s"] > 0).sum())
# first = int(result.instances.loc[result.instances["attempts"] > 0, "vcpus"].sum())
# assert pulled <= first
# print(f"{pulled} of {len(jobs)} jobs")
# ```
#
# </details>
#
# **2.** The bill is by the second. What would the same night cost On-Demand, and on instances that nobody reclaims,
# does it end earlier?
#
# <details><summary>Answer</summary>
#
# `on_demand_usd` is what the very same instances would have cost. For another night, change the type of the
# environment and its strategy: it may launch other types. Nothing is reclaimed; but where nothing was reclaimed on
# Spot either, the night is as long.
#
# ```python
# on_demand = story.replace("type: SPOT", "type: EC2").replace("SPOT_CAPACITY_OPTIMIZED", "BEST_FIT_PROGRESSIVE")
# steady = batchsim.loads(on_demand)
# dear = batchsim.run(steady).summary()["cost"]["total_usd"]
# print(f"Spot saves {1 - cost['total_usd'] / dear:.0%}")
# assert 0.3 < 1 - cost["total_usd"] / dear < 0.8
# ```
#
# </details>
#
# **3.** Let nights differ: run seeds 1 to 10. How far apart are the cheapest and the dearest night?
#
# <details><summary>Answer</summary>
#
# ```python
# bills = [batchsim.run(scenario, seed=seed).summary()["cost"]["total_usd"] for seed in range(1, 11)]
# print(f"${min(bills):.3f} to ${max(bills):.3f}")
# assert max(bills) / min(bills) > 1.1
# ```
#
# Run times are drawn anew, and so are boots, pulls and the Spot market. So compare two settings on the same seeds,
# and on several of them.
#
# </details>
