"""Figures that show pictures of a dataset."""
