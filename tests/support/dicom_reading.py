"""Reads DICOM files for tests."""

import io

import pytest

from lobule.errors import AnalysisError
from lobule.imaging.header import read_header


def header(data):
    """The header of a film."""
    return read_header(io.BytesIO(data), "mammography")


def refusal(read, data):
    """The error with which a reader refuses a file."""
    with pytest.raises(AnalysisError) as caught:
        read(data)
    return caught.value


def codes(film):
    """The codes of a film's notices."""
    return {notice.code for notice in film.notices}


def in_file_units(film):
    """The measured values of a film."""
    return film.offset + film.pixels.astype(float) * film.step
