"""How a stage behaves as a process: errors, files, progress."""
