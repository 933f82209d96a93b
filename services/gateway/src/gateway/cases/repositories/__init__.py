"""Queries on the reads of cases that two people read."""
