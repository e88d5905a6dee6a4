"""Preprocessing: one module per transform, found by its name."""
