"""The limits are documented as they are defined, and each refusal has a code of the API."""

from pathlib import Path

import limits_table
import pytest

from gateway.error_codes import CODES
from lobule.contracts.errors import INPUT_ERROR_CODES
from lobule.limits import LIMITS

DOCUMENT = Path(__file__).parents[1] / "docs" / "limits.md"


def test_the_table_is_what_the_module_says():
    assert DOCUMENT.read_text("utf-8") == limits_table.render()


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.of}: {limit.what}")
def test_each_says_what_happens_and_why(limit):
    assert limit.value > 0
    assert limit.why
    assert not limit.code or limit.code in INPUT_ERROR_CODES | CODES.keys()
