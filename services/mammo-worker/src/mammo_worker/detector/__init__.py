"""Trains the detector in folds, with masses pasted and removed and the appearance of other scanners."""
