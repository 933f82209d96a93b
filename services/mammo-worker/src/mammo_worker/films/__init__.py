"""Reads films and prepares them for networks."""
