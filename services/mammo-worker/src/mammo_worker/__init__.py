"""Mammography: reading films, triage, mass detection and segmentation."""
