"""Two revisions of the project side by side."""
