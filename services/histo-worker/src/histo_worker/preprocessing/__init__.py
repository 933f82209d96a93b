"""Operations on pixels before a network sees them: normalisation, augmentation, stains, windows."""

PREPROCESSING_VERSION = 1
"""Raise it whenever reader, windows, stains or operations give other pixels: what was computed before is then stale."""
