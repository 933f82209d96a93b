"""Data sets: splits by patient, and annotated films."""
