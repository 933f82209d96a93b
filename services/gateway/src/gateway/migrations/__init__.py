"""Alembic migrations: the history of the database's shape."""
