"""Analyses tissue at a known scale: where carcinoma is likely, and how unlike the training tissue it is."""
