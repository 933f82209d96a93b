"""Bounds on the pixels of DICOM files: deflated, compressed, uncompressed."""

import io
import struct
import time
import zlib

import imagecodecs
import memory
import numpy as np
import pydicom
import pytest
from dicom_reading import header, refusal
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from lobule.imaging.dicom.reader import read_dicom


def deflated(data, extra=b""):
    """The file with its data set deflated, and what follows it."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    whole = stream.getvalue()
    start = 144 + pydicom.dcmread(io.BytesIO(whole)).file_meta.FileMetaInformationGroupLength
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = press.compress(zlib.decompress(whole[start:], -15) + extra)
    return whole[:start], press, body


def compressed(syntax, codestream):
    def edit(dataset):
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = encapsulate([codestream])
        dataset["PixelData"].VR = "OB"

    return edit


class TestDeflated:
    def test_a_film_is_read(self, film_file, draw_film):
        start, press, body = deflated(film_file())
        data = start + body + press.flush()
        assert header(data).dicom.patient_id == "1"
        assert np.array_equal(read_dicom(data).pixels, draw_film())

    def test_what_follows_the_pixels_is_bounded(self, film_file):
        extra = struct.pack("<HH", 0xFFFC, 0xFFFC) + b"OB\0\0" + struct.pack("<I", 300 << 20)
        start, press, body = deflated(film_file(), extra)
        zeros = b"\0" * (1 << 20)
        data = start + body + b"".join(press.compress(zeros) for _ in range(300)) + press.flush()
        for read in (header, read_dicom):
            before, started = memory.reset_peak(), time.process_time()
            assert refusal(read, data).code == "image_unreadable"
            assert memory.peak() - before < 20
            assert time.process_time() - started < 2

    def test_what_precedes_the_pixels_is_bounded(self, film_file):
        junk = film_file(edit=lambda d: d.add_new(0x00091001, "OB", b"\0" * (100 << 20)))
        start, press, body = deflated(junk)
        data = start + body + press.flush()
        before = memory.reset_peak()
        assert refusal(header, data).code == "image_unreadable"
        assert memory.peak() - before < 20

    def test_a_damaged_stream_is_refused(self, film_file):
        start, press, body = deflated(film_file())
        data = start + body + press.flush()
        assert refusal(read_dicom, data[: len(data) // 2]).code == "image_truncated"
        assert refusal(read_dicom, start + b"\xff" * 2000).code in ("image_unreadable", "image_truncated")


LARGE = np.zeros((4000, 6000), np.uint8)


ENCODERS = {
    "JPEG 2000": (JPEG2000Lossless, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", level=0)),
    "JPEG 2000 in a JP2 file": (JPEG2000Lossless, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="jp2", level=0)),
    "JPEG-LS": (JPEGLSLossless, imagecodecs.jpegls_encode),
    "JPEG": (JPEGBaseline8Bit, imagecodecs.jpeg8_encode),
    "lossless JPEG": (JPEGLosslessSV1, lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=1)),
}


class TestCodestreams:
    @pytest.mark.parametrize("coding", ENCODERS)
    def test_of_the_size_of_the_tags_are_read(self, coding, film_file, draw_film):
        syntax, encode = ENCODERS[coding]
        pixels = draw_film(bits=8)
        film = read_dicom(film_file(pixels, bits=8, edit=compressed(syntax, bytes(encode(pixels)))))
        assert np.abs(film.pixels.astype(int) - pixels).max() <= (0 if coding != "JPEG" else 30)

    @pytest.mark.parametrize("coding", ENCODERS)
    def test_larger_than_the_tags_are_refused_before_decoding(self, coding, film_file, draw_film):
        syntax, encode = ENCODERS[coding]
        data = film_file(draw_film(bits=8), bits=8, edit=compressed(syntax, bytes(encode(LARGE))))
        before, started = memory.reset_peak(), time.process_time()
        error = refusal(read_dicom, data)
        assert error.code == "image_unreadable"
        assert "6000 x 4000" in error.detail
        assert memory.peak() - before < 10
        assert time.process_time() - started < 0.5

    def test_run_lengths_never_decode_beyond_their_pixels(self, film_file, draw_film):
        bomb = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * 5_000_000
        data = film_file(draw_film(bits=8), bits=8, edit=compressed(RLELossless, bomb))
        before = memory.reset_peak()
        assert refusal(read_dicom, data).code == "image_unreadable"
        assert memory.peak() - before < 30

    @pytest.mark.parametrize("segments", [0, 1, 3, 15, 99])
    def test_run_lengths_of_other_planes_are_refused(self, segments, film_file, draw_film):
        head = struct.pack("<16I", segments, 64, *[0] * 14) + b"\x81\0" * 500
        assert refusal(read_dicom, film_file(edit=compressed(RLELossless, head))).code == "image_unreadable"

    def test_a_progressive_jpeg_is_refused_by_name(self, film_file, draw_film):
        from PIL import Image

        pixels, stream = draw_film(bits=8), io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", progressive=True)
        data = film_file(pixels, bits=8, edit=compressed(JPEGBaseline8Bit, stream.getvalue()))
        assert "progressive" in refusal(read_dicom, data).detail

    @pytest.mark.parametrize("coding", ["JPEG", "lossless JPEG", "JPEG-LS"])
    def test_that_end_early_are_refused(self, coding, film_file, draw_film):
        syntax, encode = ENCODERS[coding]
        pixels = draw_film(bits=8)
        coded = bytes(encode(pixels))
        data = film_file(pixels, bits=8, edit=compressed(syntax, coded[: 9 * len(coded) // 10]))
        assert refusal(read_dicom, data).code == "image_truncated"

    def test_damaged_ones_are_refused(self, film_file, draw_film):
        coded = bytearray(imagecodecs.jpegls_encode(draw_film()))
        coded[100:400] = bytes(300)
        for stream in (bytes(coded), b"\xff\xd8", b"\xff\x4f\xff\x51", b"nothing"):
            data = film_file(edit=compressed(JPEGLSLossless, stream))
            assert refusal(read_dicom, data).code in ("image_unreadable", "image_truncated")


class TestUncompressed:
    @pytest.mark.parametrize("change", [{"Rows": 480}, {"Rows": 100}, {"Columns": 75}, {"BitsAllocated": 32}])
    def test_pixels_that_do_not_fit_the_tags_are_refused_at_once(self, change, film_file):
        data = film_file(edit=lambda d: [setattr(d, name, value) for name, value in change.items()])
        for read in (header, read_dicom):
            error = refusal(read, data)
            assert error.code == "image_unreadable"
            assert "Bytes found" in error.detail

    def test_a_cut_off_file_is_refused_by_the_gateway(self, film_file):
        data = film_file()
        assert refusal(header, data[: len(data) // 2]).code == "image_truncated"

    def test_no_pixels(self, film_file):
        data = film_file(edit=lambda d: d.__delattr__("PixelData"))
        assert "no pixels" in refusal(header, data).detail

    def test_no_size(self, film_file):
        data = film_file(edit=lambda d: d.__delattr__("Rows"))
        assert "no image" in refusal(header, data).detail

    @pytest.mark.parametrize(
        ("rows", "columns", "code"), [(60000, 60000, "too_many_pixels"), (8, 8, "image_too_small")]
    )
    def test_sizes_are_bounded(self, rows, columns, code, film_file):
        def edit(dataset):
            dataset.Rows, dataset.Columns = rows, columns

        assert refusal(header, film_file(edit=edit)).code == code
