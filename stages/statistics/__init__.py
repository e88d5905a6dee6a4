"""How sure the results are: intervals, paired comparisons of experiments, calibration."""
