"""Detects clusters of calcifications on films with 0.1 mm per pixel or finer."""
