"""Numbers kept as bytes, as pixels are: a quarter of the memory, and as exact."""
