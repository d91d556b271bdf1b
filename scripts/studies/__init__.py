"""How the answers to the ready questions of scenarios/studies are drawn from their runs."""
