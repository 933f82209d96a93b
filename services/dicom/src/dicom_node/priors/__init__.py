"""Priors: earlier mammograms of the same patient, found and fetched from other systems, and added to the case."""
