"""Figures whose bytes depend on what is drawn alone, never on the user's settings."""
