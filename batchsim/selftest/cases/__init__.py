"""The cases by topic. Each module has functions that make a case for any load, and ``cases()``: those of the plan."""
