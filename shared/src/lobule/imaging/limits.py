"""The limits on the work that an image file may cause; docs/limits.md lists them for readers.

A file is checked against its header before memory is allocated, and against its content while it is decoded: a reader
stops at the announced size, whatever follows in the file.
"""

MIN_SIDE = 64
"""Pixels: a smaller picture cannot be a field or a film."""

MAX_SIDE = 32_767
"""Pixels: the longest side that OpenCV can resample."""

MAX_PIXELS = 100_000_000
"""Of a picture; a film on the largest detector has 28 million."""

MAX_DECODED_BYTES = 400_000_000
"""Of all samples once they are decoded: four 8-bit or two 16-bit samples in each of `MAX_PIXELS`.

A progressive JPEG is decoded from its coefficients, which are held as a whole; they are counted too.
"""

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Of an embedded ICC profile, inflated; those of printing presses have up to 3 MB."""

MAX_PNG_CHUNKS = 1_000
"""Before the first pixel data."""

MAX_PNG_DATA_CHUNKS = 1_000_000
"""In the whole file."""

MAX_JPEG_SEGMENTS = 1_000
"""Before the first scan; an ICC profile or a second picture's data take up to 255."""

MAX_JPEG_SCANS = 100
"""A progressive JPEG has about ten. Each scan is a pass over all pixels."""

MAX_TIFF_DIRECTORIES = 32
"""A pyramid of reduced copies has about ten."""

MAX_TIFF_ENTRIES = 1_000
"""In a directory."""

MAX_TIFF_SEGMENTS = 500_000
"""Strips or tiles of a picture."""

MAX_DICOM_ELEMENTS = 50_000
"""Before the pixels, those of sequences included; a mammogram has some hundreds."""

MAX_DICOM_ITEMS = 10_000
"""Of sequences, all in all."""

MAX_DICOM_DEPTH = 16
"""Of sequences in each other."""

MAX_DICOM_VALUE = 1 << 18
"""Bytes of a value that is read; a lookup table of 65,536 words has half of that."""

MAX_DICOM_KEPT = 1 << 22
"""Bytes of all values that are read."""

MAX_DICOM_INFLATED_HEADER = 1 << 24
"""Bytes that a deflated file may inflate to before its pixels."""

MAX_DICOM_INFLATED_AHEAD = 1 << 25
"""Bytes of pixels that the gateway inflates and discards, to check where a deflated file ends."""

MAX_DICOM_TRAILER = 1 << 20
"""Bytes that a deflated file may inflate to after its pixels."""

MAX_DICOM_FRAGMENTS = 100_000
"""Of compressed pixels."""

MAX_DICOM_JPEG_SCANS = 4
"""Of a baseline, extended or lossless JPEG: one for each colour."""

MAX_DECODER_MEMORY = 1536 * 1024 * 1024
"""Bytes of address space that decoding a file may add; the largest accepted film needs two thirds of it."""

MAX_DECODER_OUTPUT = 512 * 1024 * 1024
"""Bytes of the samples that a decoder hands over."""

MAX_DECODER_FACTS = 1 << 20
"""Bytes of what it says of them."""

MAX_DECODER_CPU_S = 60
"""Seconds of computing for a file; the largest accepted film takes a quarter of it."""

MAX_DECODER_S = 120
"""Seconds for a file, on a machine that is busy with other work."""

DECODER_KEEPS = 32 * 1024 * 1024
"""Bytes of memory that a decoder keeps ready for each of file, samples and the way between them."""
