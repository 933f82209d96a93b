"""Receiving: the Storage SCP, what it takes, and how an object is kept."""
