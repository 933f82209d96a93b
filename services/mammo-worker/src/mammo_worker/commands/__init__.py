"""The groups of commands of `mammo-worker`, and the options that they share."""
