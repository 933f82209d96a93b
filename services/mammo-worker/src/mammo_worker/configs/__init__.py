"""Named configurations: networks and their training."""
