"""Predicts breast density, BI-RADS a to d, from a film."""
