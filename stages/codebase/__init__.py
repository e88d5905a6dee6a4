"""What a stage runs, in digests: its modules, its data files, and the packages they import."""
