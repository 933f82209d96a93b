"""Version 1 of the API keeps its promises in `docs/api-v1.txt`."""

import copy

import api_promises
import pytest
from openapi import openapi_document


@pytest.fixture(scope="module")
def document():
    return openapi_document()


def test_nothing_that_was_promised_breaks(document):
    assert api_promises.broken(api_promises.read(), api_promises.promises_of(document)) == []


def test_what_is_new_is_written_down(document):
    assert api_promises.read() == api_promises.promises_of(document), "run: python .ci/api_promises.py"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda d: d["paths"].pop("/api/v1/jobs"),
            "no longer: GET /api/v1/jobs 200 > application/json items[].id string",
        ),
        (
            lambda d: d["components"]["schemas"]["JobRead"]["properties"].pop("state"),
            "no longer: GET /api/v1/jobs 200 > application/json items[].state string",
        ),
        (
            lambda d: d["components"]["schemas"]["CaseCreate"]["properties"].pop("pseudonym"),
            "no longer: POST /api/v1/cases < application/json pseudonym string",
        ),
        (
            lambda d: d["components"]["schemas"]["CaseCreate"].update(required=["pseudonym", "reason"]),
            "must now be sent: POST /api/v1/cases ! application/json reason",
        ),
        (
            lambda d: d["components"]["schemas"]["JobRead"]["properties"].update(
                id={"anyOf": [{"type": "string"}, {"type": "null"}]}
            ),
            "may now be null: GET /api/v1/jobs 200 > application/json items[].id null",
        ),
    ],
)
def test_a_breaking_change_is_found(document, change, said):
    changed = copy.deepcopy(document)
    change(changed)
    assert said in api_promises.broken(api_promises.promises_of(document), api_promises.promises_of(changed))


def test_an_addition_breaks_nothing(document):
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["JobRead"]["properties"]["note"] = {"type": "string"}
    changed["components"]["schemas"]["CaseCreate"]["properties"]["note"] = {"type": "string"}
    assert api_promises.broken(api_promises.promises_of(document), api_promises.promises_of(changed)) == []
