"""Priors: finds earlier mammograms of the same patient in other systems and adds them to the case."""
