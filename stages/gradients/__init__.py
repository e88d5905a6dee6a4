"""Gradients by hand against gradients by differences: the checker and what it is applied to."""
