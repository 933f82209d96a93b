"""Receiving: the Storage SCP, what it accepts, and how objects are stored."""
