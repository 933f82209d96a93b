"""Mammograms in DICOM: `file` opens and bounds, `kind` decides what is a film, `reader` measures its pixels.

The gateway imports only `file`, `kind` and `identity`, which need neither NumPy nor a codec.
"""
