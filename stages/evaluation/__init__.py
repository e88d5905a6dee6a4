"""How good the trained networks of an experiment are."""
