"""Queries of the maintenance commands."""
