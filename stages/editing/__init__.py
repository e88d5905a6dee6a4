"""Change params.yaml as an author would: some lines more or fewer, all others as they were."""
