"""A whole random scenario from its parts, small enough to run in milliseconds."""

from __future__ import annotations

from collections.abc import Collection

from batchsim.testing.builders import Data
from batchsim.testing.swarm.blocked import draw_blocked
from batchsim.testing.swarm.capacity import draw_environments, draw_queues
from batchsim.testing.swarm.changes import with_changes
from batchsim.testing.swarm.choices import Choices
from batchsim.testing.swarm.consumables import with_consumables
from batchsim.testing.swarm.events import draw_actions, draw_faults, draw_notifications
from batchsim.testing.swarm.faults import draw_account_plan, draw_market_plan, draw_plan
from batchsim.testing.swarm.features import Draft
from batchsim.testing.swarm.jobs import draw_definitions
from batchsim.testing.swarm.launches import draw_launches
from batchsim.testing.swarm.limits import draw_limits, draw_windows
from batchsim.testing.swarm.overtaking import draw_overtaking
from batchsim.testing.swarm.platforms import draw_platforms, standing
from batchsim.testing.swarm.shares import draw_fair_share
from batchsim.testing.swarm.stops import with_stops
from batchsim.testing.swarm.workload import draw_datasets, draw_workload
from batchsim.testing.swarm.world import draw_extra_costs, draw_small_what_ifs, draw_world


def draw_scenario(choices: Choices, features: Collection[str] = (), without: Collection[str] = ()) -> Data:
    """Draw one valid scenario in its file form; ``features`` are on and those of ``without`` off, whatever is drawn.

    A feature that is on may still find no use: reclaims strike nothing where no environment is on Spot. Raises
    ``ValueError`` for an unknown feature.
    """
    draft = Draft(choices, features, without)
    environments = draw_environments(draft)
    queues = draw_queues(draft, environments)
    platforms = draw_platforms(draft, environments)
    definitions = draw_definitions(draft)
    workload = draw_workload(draft, queues, definitions)
    drawn: Data = {
        "name": "random",
        "computeEnvironments": environments,
        "jobQueues": queues,
        "jobDefinitions": definitions,
        "workload": workload,
        "datasets": draw_datasets(draft),
        "world": {**draw_world(draft), **platforms},
        "faults": draw_faults(draft, environments),
        "actions": draw_actions(draft, environments, queues, workload, standing(platforms)),
        "simulation": _settings(draft),
        "notifications": draw_notifications(draft),
        "allow_unplaceable": True,
    }
    draft.draw_last()
    drawn["world"] = {**drawn["world"], **draw_extra_costs(draft), **draw_limits(draft)}
    drawn = draw_blocked(draft, {**drawn, **draw_launches(draft, drawn)})
    drawn = with_stops(draft, with_consumables(draft, drawn))
    drawn |= draw_overtaking(draft, drawn)
    drawn |= draw_fair_share(draft, drawn)
    drawn["world"] = {**drawn["world"], **draw_small_what_ifs(draft)}
    drawn["jobDefinitions"] = draw_windows(draft, drawn["jobDefinitions"])
    drawn = with_changes(draft, drawn, standing(platforms))
    draft.draw_faults()
    drawn |= draw_plan(draft, drawn)
    draft.draw_account_faults()
    drawn |= draw_account_plan(draft, drawn)
    draft.draw_market_faults()
    drawn |= draw_market_plan(draft, drawn)
    return {**drawn, "description": " ".join(draft.features)}


def _settings(draft: Draft) -> Data:
    """Seed and end; the limit keeps a scenario small in which every instance is reclaimed before it is of use."""
    until = draft.pick("7m", "15m", "1h") if draft.has("horizon") else "drained"
    limit = draft.pick("10m", "25m", "5m") if draft.has("short_limit") else "3h"
    return {"seed": draft.integer(0, 10_000), "until": until, "max_time": limit}
