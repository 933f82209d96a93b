"""Mammograms in DICOM: `file` opens and bounds, `kind` says what is a film, `reader` measures its pixels.

The gateway imports `file`, `kind` and `identity` alone, which need neither NumPy nor a codec.
"""
