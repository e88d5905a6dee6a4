"""The report as a page that a browser opens: one file, and no network."""
