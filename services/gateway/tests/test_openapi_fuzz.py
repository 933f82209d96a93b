"""The API keeps to its own OpenAPI document, whatever it is sent: never a 500, never an undocumented answer."""

import warnings

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance


@schemathesis.serializer('multipart/related; type="application/dicom"')
def films(_context, value):
    """The body of STOW-RS as it was generated: hardly ever one that has parts."""
    return str(value).encode()


@schemathesis.serializer("application/dicom")
def result(_context, value):
    """The body of a result as it was generated: hardly ever one that is DICOM."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture
def operations(client, alice):
    schema = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
    schema.app = client.app
    found = [result.ok() for result in schema.get_all_operations()]
    assert len(found) > 15
    return found


CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


def test_every_operation_survives_generated_requests(operations, client, alice):
    quick = settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    tried = 0
    for operation in operations:
        if operation.path in ("/metrics", "/readyz", "/api/v1/diagnose", "/api/v1/auth/logout"):
            continue  # no input, it waits by design, or it ends the session of this test

        @quick
        @given(case=operation.as_strategy())
        def exercise(case):
            nonlocal tried
            tried += 1
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                case.call_and_validate(headers=alice, checks=CHECKS, base_url="http://testserver")

        exercise()
    assert tried > 50
