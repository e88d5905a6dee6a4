"""What the course report claims, and rules that decide from the runs whether it holds."""
