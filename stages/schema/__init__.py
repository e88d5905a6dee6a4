"""params.yaml as a whole: its sections, and what they say of each other and of the code."""
