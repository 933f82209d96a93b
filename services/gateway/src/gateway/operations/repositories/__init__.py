"""Queries of the commands that keep the database."""
