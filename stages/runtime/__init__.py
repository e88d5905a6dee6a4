"""How a stage behaves as a process: its command line, errors, files."""
