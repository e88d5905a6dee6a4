"""How sure the results are: intervals, comparisons of experiments, calibration."""
