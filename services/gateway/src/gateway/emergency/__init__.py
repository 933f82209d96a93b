"""Emergency access ("break glass"): an administrator opens the case of somebody else for an hour, and says why."""
