"""Networks, their weights, calibration and statistics. Only the inference workers import this package."""
