"""Other views of the pictures: mirrored, moved."""
