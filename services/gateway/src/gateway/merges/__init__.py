"""Merges of patients' identifiers, as the systems of a hospital tell them."""
