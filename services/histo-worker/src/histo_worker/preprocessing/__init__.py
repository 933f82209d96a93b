"""Operations on pixels before the network: normalisation, augmentation, stains, windows."""

PREPROCESSING_VERSION = 1
"""Increase this if reader, windows, stains or operations return other pixels, because cached results are then stale."""
