"""What bills are made of: prices and rules of a scenario, its schedule, and the same run at other prices."""

from batchsim.pricing.of_scenario import prices_of, rules_of
from batchsim.pricing.reprice import Lookup, Priced, reprice
from batchsim.pricing.schedule import schedule_of

__all__ = ["Lookup", "Priced", "prices_of", "reprice", "rules_of", "schedule_of"]
