"""Training networks: built for a phase, started from weights, run through the phases of a plan."""
