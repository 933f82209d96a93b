"""Breast density, BI-RADS a to d, from a film."""
