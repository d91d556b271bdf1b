"""What bills are made of: prices and rules of a scenario, and its schedule."""

from batchsim.pricing.of_scenario import prices_of, rules_of
from batchsim.pricing.schedule import schedule_of

__all__ = ["prices_of", "rules_of", "schedule_of"]
