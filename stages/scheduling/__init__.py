"""The fits of many experiments at once, ahead of `dvc repro`, which then collects them."""
