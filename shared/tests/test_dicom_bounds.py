"""Work on DICOM files is bounded before it is done, and what is no film is refused by name."""

import io
import struct
import time
import zlib

import imagecodecs
import memory
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from lobule.contracts.errors import AnalysisError
from lobule.imaging.dicom.reader import read_dicom
from lobule.imaging.header import read_header

STORAGE = "1.2.840.10008.5.1.4.1.1."


def header(data):
    return read_header(io.BytesIO(data), "mammography")


def refusal(read, data):
    with pytest.raises(AnalysisError) as caught:
        read(data)
    return caught.value


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
            assert "take" in error.detail

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


class TestElements:
    def test_too_many_items_are_refused(self, film_file):
        item = b"\xfe\xff\x00\xe0\0\0\0\0"
        sequence = b"\x09\x00\x01\x10SQ\0\0\xff\xff\xff\xff" + item * 2_000_000 + b"\xfe\xff\xdd\xe0\0\0\0\0"
        self._refused(film_file(), sequence)

    def test_too_deep_a_nest_is_refused(self, film_file):
        level = b"\x54\x00\x20\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
        self._refused(film_file(), level * 5000)

    def test_too_many_elements_are_refused(self, film_file):
        elements = b"".join(struct.pack("<HH2sH", 0x0009, i % 65536, b"LO", 0) for i in range(500_000))
        self._refused(film_file(), elements)

    def test_a_large_private_element_is_passed_over(self, film_file, draw_film):
        data = film_file(edit=lambda d: d.add_new(0x00091001, "OB", b"\0" * (30 << 20)))
        before = memory.reset_peak()
        assert header(data).width == 150
        assert memory.peak() - before < 5
        assert np.array_equal(read_dicom(data).pixels, draw_film())

    def test_nested_sequences_of_every_form_are_passed_over(self, film_file, draw_film):
        inner, outer = Dataset(), Dataset()
        inner.PatientID, inner.ViewPosition = "another", "MLO"
        outer.add_new(0x00081140, "SQ", [inner])
        for undefined in (False, True):

            def edit(dataset, undefined=undefined):
                dataset.add_new(0x00081140, "SQ", Sequence([outer]))
                dataset[0x00081140].is_undefined_length = undefined
                outer[0x00081140].is_undefined_length = undefined
                outer.is_undefined_length_sequence_item = inner.is_undefined_length_sequence_item = undefined

            film = read_dicom(film_file(edit=edit))
            assert np.array_equal(film.pixels, draw_film())
            assert film.view == "CC"

    @staticmethod
    def _refused(data, inserted):
        at = data.index(b"\x10\x00\x10\x00PN")
        before, started = memory.reset_peak(), time.process_time()
        error = refusal(header, data[:at] + inserted + data[at:])
        assert error.code == "image_unreadable"
        assert "far more" in error.detail
        assert memory.peak() - before < 50
        assert time.process_time() - started < 1


class TestKinds:
    @pytest.mark.parametrize(
        ("kind", "code", "words"),
        [
            ("1.2.1", "unsupported_format", "for presentation"),
            ("1.1.1", "unsupported_format", "for presentation"),
            ("13.1.3", "unsupported_format", "tomosynthesis.*two-dimensional"),
            ("13.1.4", "unsupported_format", "projection.*two-dimensional"),
            ("13.1.5", "unsupported_format", "projection.*two-dimensional"),
            ("6.1", "not_mammogram", "ultrasound"),
            ("4", "not_mammogram", "magnetic resonance"),
            ("2", "not_mammogram", "computed tomography"),
            ("88.50", "not_mammogram", "structured report"),
            ("104.1", "not_mammogram", "document"),
            ("11.1", "not_mammogram", "presentation state"),
            ("99.9", "not_mammogram", "not known"),
        ],
    )
    def test_others_are_refused_by_name(self, kind, code, words, film_file):
        data = film_file(SOPClassUID=STORAGE + kind)
        for read in (header, read_dicom):
            with pytest.raises(AnalysisError, match=words) as caught:
                read(data)
            assert caught.value.code == code

    @pytest.mark.parametrize("kind", ["1", "1.1", "1.2", "7", "7.2", "7.3", "7.4"])
    def test_films_are_read(self, kind, film_file, draw_film):
        assert np.array_equal(read_dicom(film_file(SOPClassUID=STORAGE + kind)).pixels, draw_film())

    @pytest.mark.parametrize(
        ("tags", "code", "words"),
        [
            ({"PresentationIntentType": "FOR PROCESSING"}, "unsupported_format", "for processing"),
            ({"NumberOfFrames": 3}, "animated_image", "3 frames"),
            ({"Modality": "CT"}, "not_mammogram", "CT"),
            ({"BitsStored": 7, "HighBit": 6}, "unsupported_format", "7 bits"),
        ],
    )
    def test_refusals_say_what_was_met(self, tags, code, words, film_file):
        with pytest.raises(AnalysisError, match=words) as caught:
            header(film_file(**tags))
        assert caught.value.code == code


class TestIdentity:
    def test_is_read_with_the_header(self, film_file):
        data = film_file(
            PatientBirthDate="19600131",
            StudyDate="20260203",
            StationName="MAMMO1",
            Manufacturer="Maker",
            StudyInstanceUID="1.2.3",
        )
        found = header(data).dicom
        assert (found.patient_id, found.patient_name) == ("1", "Test^Film")
        assert (found.patient_birth_date.isoformat(), found.study_date.isoformat()) == ("1960-01-31", "2026-02-03")
        assert (found.study_instance_uid, found.station_name, found.manufacturer) == ("1.2.3", "MAMMO1", "Maker")
        assert (found.view, found.laterality, found.sop_class_uid) == ("CC", "L", STORAGE + "1.2")

    @pytest.mark.parametrize(
        ("charset", "name"),
        [
            ("ISO_IR 100", "Müller^Jörg"),
            ("ISO_IR 192", "王^小东"),
            ("GB18030", "王^小东"),
            ("ISO_IR 144", "Люкceмбypг"),
            (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
            (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞"),
        ],
    )
    def test_names_of_every_script(self, charset, name, film_file):
        data = film_file(SpecificCharacterSet=charset, PatientName=name)
        assert header(data).dicom.patient_name == name.split("=")[0]

    @pytest.mark.parametrize("date", ["19991399", "unknown", ""])
    @pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
    def test_dates_that_are_none_are_left_out(self, date, film_file):
        data = film_file(edit=lambda d: d.add_new(0x00080020, "LO", date))
        assert header(data).dicom.study_date is None
