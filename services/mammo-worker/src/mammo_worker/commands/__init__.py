"""The command groups of `mammo-worker`, and their common options."""
