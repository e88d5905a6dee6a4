"""The pipeline's stages, one Typer script each, and the packages behind them."""
