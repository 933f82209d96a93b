"""Hints of the portal that a user has seen, such as its tour."""
