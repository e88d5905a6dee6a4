"""What trained networks answer for pictures that are no part of a dataset."""
