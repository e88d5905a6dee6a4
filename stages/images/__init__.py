"""Picture files of any kind as arrays of one shape."""
