"""Lobule's gateway: the only door, and the owner of the database."""
