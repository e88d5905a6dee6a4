"""Hyperparameters chosen on held-out training samples, never on test batches."""
