"""Measures detectors: matches, FROC, average precision, triage, with intervals over patients."""
