"""What the pipeline survives, tried often; `make soak` writes reports/reliability.md."""
