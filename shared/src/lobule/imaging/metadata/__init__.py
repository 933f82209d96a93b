"""Takes metadata out of pictures, which may name the patient: Exif, XMP, IPTC, texts, comments, names of profiles.

Pixels are copied as they are coded. What decoding needs stays: orientation, resolution, the colours of ICC profiles.
"""

from lobule.imaging.metadata.removing import Sink, without_metadata

__all__ = ["Sink", "without_metadata"]
