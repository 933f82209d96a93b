"""Tissue by the micrometre: where carcinoma is likely, and how unlike the tissue is to that of training."""
