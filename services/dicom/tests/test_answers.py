"""Answers of DICOMweb servers, and the setting that names such servers."""

from types import SimpleNamespace

import pytest

from dicom_node.answers import AnswerError, pieces_of
from dicom_node.peers import Place, parse_prior_nodes
from dicom_node.priors.peers import PeerError
from dicom_node.priors.web import _keep_first_part


def test_nodes_are_places_or_addresses():
    assert parse_prior_nodes("PACS@host:104, https://pacs/dicom-web") == [
        Place("PACS", "host", 104),
        "https://pacs/dicom-web",
    ]
    for wrong in ("PACS", "ftp://host", "PACS@host"):
        with pytest.raises(ValueError, match="AE@host:port"):
            parse_prior_nodes(wrong)


def test_the_first_part_of_an_answer_is_the_file(tmp_path):
    path = tmp_path / "answer"

    def kept(content: bytes, content_type: str) -> bytes:
        path.write_bytes(content)
        _keep_first_part(path, content_type)
        return path.read_bytes()

    body = b"\r\n--x\r\nContent-Type: application/dicom\r\n\r\n\r\nDICM--\r\n--x--\r\n"
    assert kept(body, 'multipart/related; type="application/dicom"; boundary=x') == b"\r\nDICM--"
    assert kept(b"DICM", "application/dicom") == b"DICM"
    for wrong in (b"", b"--x", b"--x\r\n\r\nhalf"):
        with pytest.raises(PeerError, match="wado_unreadable"):
            kept(wrong, "multipart/related")


def test_an_answer_that_drips_or_is_too_large_is_not_waited_for():
    answer = SimpleNamespace(iter_bytes=lambda: iter([b"x"] * 100))
    with pytest.raises(AnswerError, match="answer_too_large"):
        list(pieces_of(answer, 99, 60))
    with pytest.raises(AnswerError, match="answer_too_slow"):
        list(pieces_of(answer, 100, -1))
    assert len(list(pieces_of(answer, 100, 60))) == 100
