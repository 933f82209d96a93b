"""Calcifications in DICOM objects: their codes, and the model and the films of their search."""

import shutil
from dataclasses import replace

import pytest
from dicom_content import items, names, values
from dicom_objects import MODEL, analysed, errors_in, failed_beside, finding

from dicom_node.results.cad_report import cad_report
from dicom_node.results.structured_report import structured_report
from lobule.contracts.result import Box, CalcificationSearch

BOX = Box(x=10, y=20, width=30, height=40)
SEARCH = MODEL.model_copy(update={"name": "calcifications-search", "version": "0.1.0"})
CALCIFICATIONS, DENSITY, PERFORMED = "129769006", "129793001", "111022"


@pytest.fixture
def searched(film):
    """Three films: one with a mass and a cluster, one without findings, one that is too coarse for the search."""

    def with_search(one, is_searched):
        search = CalcificationSearch(searched=is_searched, model=SEARCH)
        return replace(one, result=one.result.model_copy(update={"calcifications": search}))

    return [
        with_search(analysed(film(), finding(1, BOX), finding(2, BOX, label="calcification")), True),
        with_search(analysed(film(), job="job-2", view="MLO"), True),
        with_search(analysed(film(), job="job-3", laterality="L"), False),
    ]


def performed(report):
    """The detections: code, algorithm, and the places of their films in the library."""
    return [
        (
            item.ConceptCodeSequence[0].CodeValue,
            values(item, "111001"),
            [
                each.ReferencedContentItemIdentifier[-1]
                for each in item.ContentSequence
                if "ReferencedContentItemIdentifier" in each
            ],
        )
        for item in items(report, PERFORMED)
    ]


def test_a_cad_report_names_the_films_that_were_searched_for_calcifications(searched):
    mass = searched[0].result.model.name
    assert performed(cad_report(searched, **names())) == [
        (DENSITY, [mass], [1, 2, 3]),
        (CALCIFICATIONS, ["calcifications-search"], [1, 2]),
    ]
    assert [kind for kind, *_ in performed(cad_report(searched[2:], **names()))] == [DENSITY]
    with_failed = performed(cad_report(searched, [failed_beside(searched[0])], **names()))
    assert with_failed[2:] == [(DENSITY, [mass], [4]), (CALCIFICATIONS, ["calcifications-search"], [4])]


def test_a_cluster_names_the_model_that_found_it(searched):
    report = structured_report(searched[:1], **names())
    assert values(report, "121071") == ["129788004", CALCIFICATIONS]
    assert "calcifications-search" in values(report, "111001")


def test_objects_with_calcifications_conform(searched, tmp_path):
    if shutil.which("dciodvfy") is None or shutil.which("dsrdump") is None:
        pytest.skip("there is no dciodvfy or dsrdump (apt-get install dicom3tools dcmtk)")
    assert errors_in(cad_report(searched, **names()), tmp_path / "cad.dcm") == []
    assert errors_in(structured_report(searched, **names()), tmp_path / "sr.dcm") == []
