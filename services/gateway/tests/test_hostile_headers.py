"""Headers that could take long to read: a regular expression at work holds up all threads of the gateway."""

import time
from contextlib import suppress

import pytest
from starlette.requests import Request, cookie_parser

from gateway.dicomweb.content_negotiation import accepted
from gateway.errors import ProblemError
from gateway.reports.service import negotiate
from gateway.uploads.file_names import file_name_of
from lobule.contracts.language import negotiate_language

LONGEST = 60_000  # characters of all headers together


def media_types(header: str) -> None:
    accepted(Request({"type": "http", "headers": [(b"accept", b"a;" + header.encode())]}), "application/dicom")


def report_form(header: str) -> None:
    with suppress(ProblemError):
        negotiate(header)


@pytest.mark.parametrize("read", [media_types, report_form, negotiate_language, cookie_parser])
@pytest.mark.parametrize("repeated", ["a", "a ", "a=", 'a="', ";a", '\\"', ",", "a;q="])
def test_no_header_takes_long_to_read(read, repeated):
    read(repeated)  # what is loaded at first is not measured
    started = time.thread_time()
    read(repeated * (LONGEST // len(repeated)))
    assert time.thread_time() - started < 3


@pytest.mark.parametrize("repeated", ["a", "; a", "; a=", '; filename="', '\\"', " ", "%41"])
def test_no_header_of_a_part_takes_long_to_read(repeated):
    header = b'form-data; name="file"; filename="' + repeated.encode() * (4096 // len(repeated))
    started = time.thread_time()
    file_name_of(header)
    assert time.thread_time() - started < 3
