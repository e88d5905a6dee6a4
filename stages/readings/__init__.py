"""Readings of what the slides leave open: their networks, and which of them fit the figures."""
