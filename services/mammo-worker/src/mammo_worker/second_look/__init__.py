"""A second look at the detector's findings: the region classifier at the film's own resolution."""
