"""Pictures and features as arrays: what fetch and preprocess write."""
