"""Lobule's gateway: the only entry point for clients, and the owner of the database."""
