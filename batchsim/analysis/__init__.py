"""Pure functions of the records: what a run cost, how long its jobs waited, how much got done."""
