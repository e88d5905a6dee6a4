"""A user's own pictures: which files there are, which part each belongs to, what they look like."""
