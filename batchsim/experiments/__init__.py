"""Experiments: many runs that answer one question; replications of a scenario, variants side by side."""
