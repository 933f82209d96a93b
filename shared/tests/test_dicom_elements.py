"""DICOM headers: bounds on their elements, kinds of objects, identity."""

import struct
import time

import memory
import numpy as np
import pytest
from dicom_reading import header, refusal
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from lobule.errors import AnalysisError
from lobule.imaging.dicom.reader import read_dicom

STORAGE = "1.2.840.10008.5.1.4.1.1."


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
            ({"BitsStored": 7, "HighBit": 6}, "unsupported_format", "per pixel is 7"),
        ],
    )
    def test_refusals_say_what_was_met(self, tags, code, words, film_file):
        with pytest.raises(AnalysisError, match=words) as caught:
            header(film_file(**tags))
        assert caught.value.code == code


class TestIdentity:
    def test_is_read_with_the_header(self, film_file):
        data = film_file(PatientBirthDate="19600131", StudyDate="20260203", StudyInstanceUID="1.2.3")
        found = header(data).dicom
        assert (found.patient_id, found.patient_name) == ("1", "Test^Film")
        assert (found.patient_birth_date.isoformat(), found.study_date.isoformat()) == ("1960-01-31", "2026-02-03")
        assert (found.study_instance_uid, found.sop_class_uid) == ("1.2.3", STORAGE + "1.2")
        assert (found.view, found.laterality) == ("CC", "L")

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
