"""The engine: carries out decisions on dense integer columns and records what happened; it decides nothing itself."""
