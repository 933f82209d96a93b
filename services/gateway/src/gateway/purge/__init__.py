"""Deletes everything of a patient, checks that nothing is left, and certifies it."""
