"""BEST_FIT_PROGRESSIVE_ORDERED: the first of the listed types that fits; within a family as BEST_FIT_PROGRESSIVE.

User Guide, "Allocation strategies"; On-Demand only. Types go in the order of ``instanceTypes``. A family (or a bundle
of families) is one entry, within which price and size decide; a type that is also named by itself is no part of it.
Types too small for the head are skipped, and on a capacity error the next one is tried.

The list is the user's word, also where it is unwise: a large type that stands first is launched for a small job, and a
small one for a thousand jobs, until EC2 has no more of them (API, ComputeResource.allocationStrategy warns of both).
"""

from __future__ import annotations

from batchsim.policies.allocation.base import Demand, Offer
from batchsim.policies.allocation.best_fit_progressive import best_fit_progressive
from batchsim.policies.allocation.sizing import first_listed, permitted


def best_fit_progressive_ordered(demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose the next instance's pool; None when no permitted type holds the head."""
    return best_fit_progressive(demand, first_listed(permitted(demand, offers)))
