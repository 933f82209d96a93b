"""A second look at the detector's findings with the region classifier, at the film's own resolution."""
