# %% [markdown]
# # Allocation strategies and Spot markets
#
# Which instances does AWS Batch launch, what do they cost, and who takes them away? You will
#
# - see the same jobs under five allocation strategies: what each launches, pays and loses;
# - meet calm, typical and stormy Spot markets;
# - find out what retries are for, and why a stormy night can be a cheap one;
# - compare one Spot pool with many.
#
# Each figure is a mean over the same eight nights (seeds 1 to 8), since one night is luck.

# %%
import pandas as pd

import batchsim

story = """
name: renders
computeEnvironments:
- computeEnvironmentName: fleet
  type: MANAGED
  computeResources:
    type: SPOT
    allocationStrategy: SPOT_PRICE_CAPACITY_OPTIMIZED
    instanceTypes: [c5.xlarge, c5.2xlarge, c6i.xlarge, c6i.2xlarge, m5.xlarge, m5.2xlarge, m6i.xlarge, r5.xlarge]
    subnets: [SUBNET_A, SUBNET_B, SUBNET_C]         # three zones: with eight types, 24 Spot pools
    minvCpus: 0
    maxvCpus: 256
jobQueues:
- {jobQueueName: work, priority: 1, computeEnvironmentOrder: [{order: 1, computeEnvironment: fleet}]}
jobDefinitions:
- jobDefinitionName: frame
  type: container
  containerProperties: {image: frame, vcpus: 2, memory: 3500}
  retryStrategy: {attempts: 5}
workload:
- id: frames
  submit: {jobName: frames, jobQueue: work, jobDefinition: frame, arrayProperties: {size: 400}}
  run: {lognormal: {mean: 25m, cv: 0.5}}
world: {region: us-east-1, market: typical}
simulation: {seed: 1}
"""
renders = batchsim.loads(story)
NIGHTS = range(1, 9)


def nights(changes, scenario=renders):
    """Eight nights of the scenario with some keys changed; a row of figures for each."""
    for path, value in changes.items():
        scenario = scenario.with_(path, value)
    return pd.DataFrame([figures(batchsim.run(scenario, seed=seed)) for seed in NIGHTS])


def figures(result):
    found = result.summary()
    return {
        "types": len(found["instances"]["by_type"]),
        "pools": result.instances.groupby(["type", "zone"], observed=True).ngroups,
        "USD": found["cost"]["total_usd"],
        "waived USD": found["cost"]["waived_usd"],
        "reclaims": found["reclaims"]["instances"],
        "lost vCPU-h": found["reclaims"]["lost_vcpu_h"],
        "failed jobs": found["jobs"]["failed"],
        "refused launches": found["instances"]["capacity_errors"],
        "hours": result.jobs["ended_at_s"].max() / 3600,
    }


# %% [markdown]
# ## Five ways to choose

# %%
strategy, kind = "fleet.allocationStrategy", "fleet.computeResources.type"
choices = {
    "BEST_FIT, On-Demand": {strategy: "BEST_FIT", kind: "EC2"},
    "BEST_FIT_PROGRESSIVE, On-Demand": {strategy: "BEST_FIT_PROGRESSIVE", kind: "EC2"},
    "BEST_FIT_PROGRESSIVE, Spot": {strategy: "BEST_FIT_PROGRESSIVE"},
    "SPOT_CAPACITY_OPTIMIZED": {strategy: "SPOT_CAPACITY_OPTIMIZED"},
    "SPOT_PRICE_CAPACITY_OPTIMIZED": {strategy: "SPOT_PRICE_CAPACITY_OPTIMIZED"},
}
every = {name: nights(changes) for name, changes in choices.items()}
table = pd.DataFrame({name: found.mean() for name, found in every.items()}).T
table.round(2)

# %% [markdown]
# - **On-Demand** both strategies take the type that is cheapest for these jobs, and spread it over the zones: nobody
#   takes it away, so why anything else?
# - **BEST_FIT_PROGRESSIVE on Spot** does the same with Spot prices. It is the cheapest of all, and loses most: price
#   says nothing of how much a pool has to spare.
# - **SPOT_CAPACITY_OPTIMIZED** asks only that. It takes the deepest pool, whatever it costs, and loses least.
# - **SPOT_PRICE_CAPACITY_OPTIMIZED** takes the cheapest of the deep ones. AWS recommends it, and it is in between.

# %%
spot = table.loc[[name for name in table.index if "On-Demand" not in name]]
cheap, deep, both = spot.index
assert spot["USD"].idxmin() == spot["reclaims"].idxmax() == cheap
assert spot["USD"].idxmax() == spot["reclaims"].idxmin() == deep
assert (table.loc[["BEST_FIT, On-Demand", "BEST_FIT_PROGRESSIVE, On-Demand"], "reclaims"] == 0).all()
dear = table.loc["BEST_FIT_PROGRESSIVE, On-Demand", "USD"]
print("saved over On-Demand:", *(f"{name} {1 - usd / dear:.0%}" for name, usd in spot["USD"].items()), sep="\n  ")

# %% [markdown]
# The cheapest instances are not the safest night if the work must be done by a certain hour: reclaimed jobs start
# anew, and most work is lost where price alone decides.

# %%
assert spot["lost vCPU-h"].idxmax() == cheap
minutes = (spot["hours"] * 60).round().astype(int).rename("minutes until the last frame")
pd.concat([spot["lost vCPU-h"].round(2), minutes], axis=1)

# %% [markdown]
# ### What fits decides what is cheap
#
# "Cheapest" means for the jobs at hand. The same list, jobs of 2 vCPUs, and ever more memory:

# %%
shapes = {}
for memory in (3500, 7000, 14000):
    shaped = batchsim.loads(story.replace("memory: 3500", f"memory: {memory}"))
    shaped = shaped.with_(strategy, "BEST_FIT_PROGRESSIVE").with_(kind, "EC2")
    launched = batchsim.run(shaped).instances["type"].value_counts()
    shapes[memory] = ", ".join(f"{count} {name}" for name, count in launched.items() if count)
    print(f"{memory:6} MiB: {shapes[memory]}")
assert all(family in shapes[memory] for family, memory in (("c5", 3500), ("m5", 7000), ("r5", 14000)))

# %% [markdown]
# ## Markets
#
# `market` sets how often Spot takes an instance, how often a shock takes half of a pool, and how deep pools are.
# (`docs/model.md` has the numbers, and says which of them are a choice.)

# %%
weather = {market: nights({"world.market": market}) for market in ("calm", "typical", "stormy")}
pd.DataFrame({market: found.mean() for market, found in weather.items()}).T.round(2)

# %% [markdown]
# Here is one stormy night. A cross is a reclaim, and red the jobs that it cut off; they start anew on other
# instances.

# %%
stormy = batchsim.run(renders.with_("world.market", "stormy"))
stormy.plot.gantt(most=24)

# %% [markdown]
# The storm costs time. But look at the bills: is it *cheaper*?

# %%
calm, storm = weather["calm"], weather["stormy"]
print(f"calm   ${calm['USD'].mean():.2f} in {calm['hours'].mean():.2f} h")
print(
    f"stormy ${storm['USD'].mean():.2f} in {storm['hours'].mean():.2f} h, and ${storm['waived USD'].mean():.2f} waived"
)
assert storm["hours"].mean() > calm["hours"].mean()
assert storm["waived USD"].mean() > calm["USD"].mean() - storm["USD"].mean() > 0

# %% [markdown]
# It is, by less than what was waived: EC2 does not bill an instance that Spot takes within its first hour. Short jobs
# lose little when they are cut, and get the time until then for nothing. Jobs of many hours would not laugh.
#
# ## What retries are for
#
# A reclaimed job fails unless its retry strategy lets it start again:

# %%
tries = {attempts: nights({"world.market": "stormy", "frames.attempts": attempts}) for attempts in (1, 2, 3, 5)}
lost = pd.Series({attempts: found["failed jobs"].mean() for attempts, found in tries.items()})
assert lost.is_monotonic_decreasing
assert lost[1] > 5
assert lost[5] == 0
lost.rename("failed jobs of 400, by attempts allowed")

# %% [markdown]
# ## One pool or many
#
# A Spot pool is one type in one zone. Let us ask for one pool, for one type in three zones, and for all 24 pools, in
# the storm.

# %%
types, zones = "fleet.instanceTypes", "fleet.subnets"
lists = {
    "1 pool": {types: ["c5.xlarge"], zones: ["SUBNET_A"]},
    "3 pools": {types: ["c5.xlarge"]},
    "24 pools": {},
}
held = {name: nights({"world.market": "stormy", **changes}) for name, changes in lists.items()}
pools = pd.DataFrame({name: found.mean() for name, found in held.items()}).T
pools.round(2)

# %% [markdown]
# A single pool runs dry: EC2 refuses launches, and the night waits. With many there is always one that has room. It
# costs a little more, since the deepest pool is not the cheapest.

# %%
assert pools["refused launches"].is_monotonic_decreasing
assert pools.loc["24 pools", "refused launches"] == 0
assert pools.loc["1 pool", "USD"] < pools.loc["24 pools", "USD"]

# %% [markdown]
# ## Exercises
#
# **1.** Two nights of the same seed under two strategies: do their jobs run equally long?
#
# <details><summary>Answer</summary>
#
# Yes. A job's run time is drawn for the job, not for the place where it runs or the moment when it starts.
#
# ```python
# a, b = (
#     batchsim.run(renders.with_(strategy, each), seed=3)
#     for each in ("SPOT_CAPACITY_OPTIMIZED", "BEST_FIT_PROGRESSIVE")
# )
# assert (a.jobs["work_s"] == b.jobs["work_s"]).all()
# assert set(a.instances["type"]) != set(b.instances["type"])
# ```
#
# </details>
#
# **2.** Frames of ten hours instead of 25 minutes: is the stormy night still the cheaper one?
#
# <details><summary>Answer</summary>
#
# No: what a reclaim cuts off was billed, for it came after the first hour, and is computed again. So long jobs want
# checkpoints, or On-Demand.
#
# ```python
# text = story.replace("mean: 25m, cv: 0.5", "mean: 10h, cv: 0.2").replace("size: 400", "size: 120")
# long = batchsim.loads(text).with_("frames.attempts", 10)
# calm, storm = (nights({"world.market": market}, long) for market in ("calm", "stormy"))
# print(f"calm ${calm['USD'].mean():.0f}, stormy ${storm['USD'].mean():.0f}")
# assert storm["USD"].mean() > 1.1 * calm["USD"].mean()
# ```
#
# </details>
