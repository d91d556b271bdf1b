"""Decisions as values: each policy is a pure function of a small frozen view; the engine carries decisions out.

What a policy of your own sees and answers (``batchsim.run(scenario, policies={...})``), with AWS's own rules beside it
as examples:

======================  =====================================  =========================================
key                     contract                               AWS's own
======================  =====================================  =========================================
``allocation``          :data:`Strategy`                       :data:`STRATEGIES`
``ordering``, jobs      :data:`JobOrder`                       :func:`fifo`
``ordering``, queues    :data:`QueueOrder`                     :func:`by_priority`
``packing``             :data:`Packing`                        :data:`PACKINGS`
``scaling``             :data:`Scaling`                        :func:`as_needed`
``retry``               :data:`Retry`                          :func:`evaluate_on_exit`
======================  =====================================  =========================================
"""

from batchsim.policies.allocation import STRATEGIES, Ask, Demand, Offer, Strategy, pack_one
from batchsim.policies.given import KINDS
from batchsim.policies.ordering import JobOrder, Key, QueueOrder, WaitingJob, WaitingQueue, by_priority, fifo
from batchsim.policies.packing import PACKINGS, Job, Packing, Room
from batchsim.policies.retry import EndedAttempt, Retry, Rule, evaluate_on_exit
from batchsim.policies.scaling import Need, Scaling, as_needed

__all__ = [
    "KINDS",
    "PACKINGS",
    "STRATEGIES",
    "Ask",
    "Demand",
    "EndedAttempt",
    "Job",
    "JobOrder",
    "Key",
    "Need",
    "Offer",
    "Packing",
    "QueueOrder",
    "Retry",
    "Room",
    "Rule",
    "Scaling",
    "Strategy",
    "WaitingJob",
    "WaitingQueue",
    "as_needed",
    "by_priority",
    "evaluate_on_exit",
    "fifo",
    "pack_one",
]
