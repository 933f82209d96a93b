"""Sending: what was made goes to its destinations, until each has it."""
