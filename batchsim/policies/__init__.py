"""Decisions as values: each policy is a pure function of a small frozen view; the engine carries decisions out."""
