"""The faults of a scenario as the engine carries them out; each kind costs nothing where there is none of it."""
