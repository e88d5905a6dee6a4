"""The whole of params.yaml: its sections, and what they say of each other."""
