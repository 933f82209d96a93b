"""Removes metadata that may name the patient from pictures: Exif, XMP, IPTC, texts, comments, names of profiles.

Coded pixels are copied unchanged. Data for decoding stay: orientation, resolution, the colours of ICC profiles.
"""

from lobule.imaging.metadata.removing import Sink, without_metadata

__all__ = ["Sink", "without_metadata"]
