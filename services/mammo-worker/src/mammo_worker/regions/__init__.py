"""Classifies marked masses and groups of calcifications at native resolution."""
