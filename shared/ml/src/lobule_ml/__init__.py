"""Networks, their weights, calibration and statistics: what the inference workers, and nothing else, import."""
