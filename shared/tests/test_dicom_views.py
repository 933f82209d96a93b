"""View and side of DICOM films by the standard's codes, and what is refused as no screening view."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr import _cid_dict as contexts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from lobule.contracts.case import ImageEvidence
from lobule.contracts.result import Hanging, ImageInfo
from lobule.contracts.views import parts_of
from lobule.errors import AnalysisError
from lobule.imaging.agreement import conflicts
from lobule.imaging.dicom.reader import read_dicom
from lobule.imaging.film import Film

VIEWS = {
    "MedioLateralProjection": "ML",
    "MedioLateralObliqueProjection": "MLO",
    "LateroMedial": "LM",
    "LateroMedialOblique": "LMO",
    "CranioCaudal": "CC",
    "CaudoCranial": "FB",
    "SuperolateralToInferomedialOblique": "SIO",
    "InferomedialToSuperolateralOblique": "ISO",
    "CranioCaudalExaggeratedLaterally": "XCCL",
    "CranioCaudalExaggeratedMedially": "XCCM",
}
SPECIAL = {
    "RolledMedial": "RM",
    "RolledLateral": "RL",
    "RolledSuperior": "RS",
    "RolledInferior": "RI",
    "SpotCompression": "S",
    "Magnification": "M",
    "Tangential": "TAN",
    "AxillaryTail": "AT",
    "Cleavage": "CV",
}
HARMLESS = ("NippleInProfile", "AxillaryTissue", "AnteriorCompression", "ImplantDisplaced", "InfraMammaryFold")


def both_codes(concept):
    """A concept's SNOMED CT and SNOMED-RT code, as pydicom has them from the standard."""
    (code,) = concepts["SCT"][concept]
    return [(code, "SCT"), (mapping["SCT"][code], "SRT")]


def codes(film):
    return {notice.code for notice in film.notices}


def test_the_whole_context_groups_are_known():
    assert set(contexts.cid_concepts[4014]["SCT"]) == {*VIEWS, "TissueSpecimenFromBreast"}
    assert set(contexts.cid_concepts[4015]["SCT"]) == {*SPECIAL, *HARMLESS}


@pytest.mark.parametrize("concept", VIEWS)
def test_views_are_read_by_code(concept, film_file, coded):
    for code, scheme in both_codes(concept):
        film = read_dicom(film_file(ViewPosition=None, ViewCodeSequence=coded(code, "whatever", scheme)))
        assert film.view == VIEWS[concept]
        assert ("special_view" in codes(film)) is (film.view not in ("CC", "MLO"))


@pytest.mark.parametrize("concept", SPECIAL)
def test_a_modified_view_is_never_called_by_its_projection_alone(concept, film_file, coded):
    for code, scheme in both_codes(concept):
        views = coded("R-10242", "cranio-caudal", ViewModifierCodeSequence=coded(code, "", scheme))
        assert parts_of(read_dicom(film_file(ViewCodeSequence=views)).view) in (
            ("CC", SPECIAL[concept]),
            (SPECIAL[concept], None),
        )


@pytest.mark.parametrize("concept", HARMLESS)
def test_other_modifiers_leave_the_view_and_implants_are_said(concept, film_file, coded):
    for code, scheme in both_codes(concept):
        views = coded("R-10226", "", ViewModifierCodeSequence=coded(code, "", scheme))
        film = read_dicom(film_file(ViewPosition="MLO", ViewCodeSequence=views))
        assert film.view == "MLO"
        assert codes(film) == ({"implant_displaced"} if concept == "ImplantDisplaced" else set())


def test_a_meaning_alone_is_compared_as_a_whole(film_file, coded):
    def view(meaning):
        return read_dicom(film_file(ViewPosition=None, ViewCodeSequence=coded("X1", meaning, "99LOCAL"))).view

    assert view("Cranio-Caudal") == "CC"
    assert view("cranio-caudal exaggerated laterally") == "XCCL"
    assert view("not cranio-caudal") is None


def test_the_exchanged_codes_of_exaggerated_views_are_told_by_their_words(film_file, coded):
    swapped = coded("R-1024B", "cranio-caudal exaggerated laterally")
    film = read_dicom(film_file(ViewPosition=None, ViewCodeSequence=swapped))
    assert film.view == "XCCL"
    assert "view_conflict" in codes(film)


@pytest.mark.parametrize(
    ("position", "view"),
    [
        ("MLO", "MLO"),
        ("LMLO", "MLO"),
        ("RCC", "CC"),
        ("XCCL", "XCCL"),
        ("CC MAG", "MCC"),
        ("RMCC", "MCC"),
        ("LSMLO", "SMLO"),
        ("LSM MLO", "SMMLO"),
        ("XCCL MAG", "MXCCL"),
        ("MAG", "M"),
        ("MLOID", "MLO"),
        ("LM", "LM"),
        ("RL", "RL"),
        ("LCC_SPOT", "SCC"),
        ("ML O", "MLO"),
        ("M.L.O.", "MLO"),
        ("R C C", "CC"),
        ("CC LEFT", "CC"),
        ("CRANIO-CAUDAL", "CC"),
        ("ML SPOT", "SML"),
        ("PA", None),
        ("", None),
    ],
)
def test_view_position_in_words(position, view, film_file):
    assert read_dicom(film_file(ViewPosition=position)).view == view


@pytest.mark.parametrize(
    ("position", "code", "named", "view"),
    [(None, "R-99999", "R-99999", None), ("MLO", "R-99999", "R-99999", "MLO"), ("PA", None, "PA", None)],
)
def test_a_view_that_is_not_known_is_said(position, code, named, view, film_file, coded):
    codes = {"ViewCodeSequence": coded(code, "")} if code else {}
    film = read_dicom(film_file(ViewPosition=position, **codes))
    [said] = [notice for notice in film.notices if notice.code.startswith("view_unknown")]
    assert film.view == view
    assert said.code == ("view_unknown_beside" if view else "view_unknown")
    assert named in said.detail
    assert (view or "left open") in said.detail


def test_a_file_that_names_no_view_or_a_known_one_says_nothing_of_it(film_file, coded):
    for tags in ({"ViewPosition": None}, {"ViewPosition": "CC"}, {"ViewCodeSequence": coded("R-10242", "")}):
        assert "view_unknown" not in codes(read_dicom(film_file(**tags)))


def test_code_goes_before_words_and_the_conflict_is_said(film_file, coded):
    film = read_dicom(film_file(ViewPosition="CC", ViewCodeSequence=coded("R-10226", "medio-lateral oblique")))
    assert film.view == "MLO"
    assert "view_conflict" in codes(film)


def test_a_special_view_has_no_place_among_the_four():
    film = {"job_id": "1", "file_name": "a.dcm", "modality": "mammography", "state": "assessed"}
    assert ImageEvidence(**film, view="CC", laterality="L").hanging == "LCC"
    assert ImageEvidence(**film, view="XCCL", laterality="L").hanging is None


def test_a_partial_view_is_said(film_file):
    assert "partial_view" in codes(read_dicom(film_file(PartialView="YES")))


class TestNoScreeningView:
    @pytest.mark.parametrize(
        ("tags", "words"),
        [
            ({"ViewPosition": "SPECIMEN"}, "specimen"),
            ({"QualityControlImage": "YES"}, "quality control"),
            ({"BodyPartExamined": "PHANTOM"}, "phantom"),
            ({"ImageType": ["ORIGINAL", "PRIMARY", "", "STEREO_PLUS"]}, "stereotactic"),
            ({"ImageType": ["DERIVED", "PRIMARY", "", "RECOMBINED"]}, "contrast agent"),
        ],
    )
    def test_is_refused_by_name(self, tags, words, film_file):
        with pytest.raises(AnalysisError, match=words) as caught:
            read_dicom(film_file(**tags))
        assert caught.value.code == "not_screening_view"

    @pytest.mark.parametrize(("code", "scheme"), both_codes("TissueSpecimenFromBreast"))
    def test_a_specimen_by_its_code(self, code, scheme, film_file, coded):
        with pytest.raises(AnalysisError, match="specimen"):
            read_dicom(film_file(ViewPosition=None, ViewCodeSequence=coded(code, "", scheme)))


@pytest.mark.parametrize("part", ["CHEST", "HAND", "LEFT_HAND"])
def test_a_radiograph_of_another_part_of_the_body_is_no_mammogram(part, film_file):
    with pytest.raises(AnalysisError, match=f"it shows {part}, not a breast"):
        read_dicom(film_file(Modality="CR", BodyPartExamined=part))
    for said in ("RIGHT BREAST", "MAMOGRAFIA", "BRUST"):  # in the words of the site
        read_dicom(film_file(Modality="CR", BodyPartExamined=said))
    read_dicom(film_file(Modality="MG", BodyPartExamined=part))  # a wrong tag of a device that makes nothing else


def test_a_slice_is_refused_and_a_synthesised_view_is_said(film_file):
    with pytest.raises(AnalysisError, match="tomosynthesis"):
        read_dicom(film_file(ImageType=["DERIVED", "PRIMARY", "TOMO_SLICE"]))
    assert "synthesised_view" in codes(read_dicom(film_file(ImageType=["DERIVED", "PRIMARY", "TOMO", "GENERATED_2D"])))
    assert "synthesised_view" not in codes(read_dicom(film_file(ImageType=["ORIGINAL", "PRIMARY", "", "LOW_ENERGY"])))


def test_implants_and_men_are_said(film_file):
    assert {"implant", "male_patient"} <= codes(read_dicom(film_file(BreastImplantPresent="YES", PatientSex="M")))
    assert "male_patient" not in codes(read_dicom(film_file(PatientSex="F")))


class TestSide:
    def test_the_images_own_goes_before_its_series(self, film_file):
        film = read_dicom(film_file(ImageLaterality="R", Laterality="L", PatientOrientation=["A", "H"]))
        assert film.laterality == "R"
        assert "laterality_conflict" in codes(film)
        assert film.hanging == Hanging(rotation=180, mirrored=True), "up and down hold for either side"

    def test_of_the_frame(self, film_file):
        anatomy, group = Dataset(), Dataset()
        anatomy.FrameLaterality = "R"
        group.FrameAnatomySequence = Sequence([anatomy])
        groups = Sequence([group])
        assert read_dicom(film_file(ImageLaterality=None, SharedFunctionalGroupsSequence=groups)).laterality == "R"
        film = read_dicom(film_file(ImageLaterality="L", SharedFunctionalGroupsSequence=groups))
        assert "laterality_conflict" in codes(film)

    @pytest.mark.parametrize(
        ("position", "side"),
        [("RMLO", "R"), ("CC LEFT", "L"), ("R CC", "R"), ("L-CC", "L"), ("RL", None), ("LM", None), ("L R", None)],
    )
    def test_of_the_view_position(self, position, side, film_file):
        assert read_dicom(film_file(ImageLaterality=None, ViewPosition=position)).laterality == side

    def test_two_sides_in_one_tag_are_said(self, film_file):
        film = read_dicom(film_file(edit=lambda d: d.add_new(0x00200062, "CS", ["L", "R"])))
        assert "laterality_conflict" in codes(film)

    def test_the_users_word_against_the_file(self):
        known = {"modality": "mammography", "view": "CC", "laterality": "L"}
        sent = ImageInfo(sha256="0" * 64, file_name="a", width=80, height=80, **known)
        pixels = np.zeros((80, 80), np.uint8)
        assert conflicts(sent, Film(pixels, view="CC", laterality="L")) == []
        assert conflicts(sent, Film(pixels)) == []
        found = conflicts(sent, Film(pixels, view="MLO", laterality="R"))
        assert [notice.code for notice in found] == ["laterality_against_file", "view_against_file"]


class TestHanging:
    @pytest.mark.parametrize(
        ("laterality", "orientation", "hanging"),
        [
            ("L", ["A", "R"], (0, False)),
            ("L", ["A", "F"], (0, False)),
            ("L", ["A", "FR"], (0, False)),
            ("R", ["P", "L"], (0, False)),
            ("R", ["P", "FL"], (0, False)),
            ("L", ["P", "R"], (0, True)),
            ("L", ["P", "L"], (180, False)),
            ("L", ["A", "H"], (180, True)),
            ("R", ["A", "F"], (0, True)),
            ("R", ["A", "H"], (180, False)),
            ("L", ["F", "P"], (90, False)),
            ("L", ["H", "A"], (270, False)),
        ],
    )
    def test_by_patient_orientation(self, laterality, orientation, hanging, film_file):
        film = read_dicom(film_file(ImageLaterality=laterality, PatientOrientation=orientation, ViewPosition="MLO"))
        assert film.hanging is not None
        assert (film.hanging.rotation, film.hanging.mirrored) == hanging
        assert ("hung_right" in codes(film)) is (hanging != (0, False))

    @pytest.mark.parametrize("orientation", [["A", "R"], ["P", "R"], ["P", "L"], ["A", "L"], ["F", "P"], ["H", "A"]])
    def test_pixels_turned_so_lie_as_they_were_before(self, orientation, film_file, draw_film):
        """Store an upright left film in another orientation; the hanging that is read turns it back."""
        upright = draw_film()  # rows to the nipple, columns to the feet
        axes = {"A": (1, 0), "P": (-1, 0), "R": (0, 1), "F": (0, 1), "L": (0, -1), "H": (0, -1)}
        row, column = (axes[code] for code in orientation)
        stored = upright if row[0] else upright.T
        stored = stored[:, ::-1] if sum(row) < 0 else stored
        stored = stored[::-1] if sum(column) < 0 else stored
        film = read_dicom(film_file(np.ascontiguousarray(stored), PatientOrientation=orientation))
        assert film.hanging is not None
        turned = np.rot90(film.pixels, -film.hanging.rotation // 90)
        assert np.array_equal(turned[:, ::-1] if film.hanging.mirrored else turned, upright)

    @pytest.mark.parametrize(
        "tags",
        [{"PatientOrientation": None}, {"PatientOrientation": ["A", "P"]}, {"PatientOrientation": ["L", "F"]}],
    )
    def test_nothing_is_assumed_where_the_file_does_not_say_it(self, tags, film_file):
        assert read_dicom(film_file(**tags)).hanging is None

    def test_a_flip_without_an_orientation_is_said(self, film_file):
        film = read_dicom(film_file(PatientOrientation=None, FieldOfViewHorizontalFlip="YES"))
        assert film.hanging is None
        assert "orientation_unknown" in codes(film)
