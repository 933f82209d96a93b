"""Times in reports are those of the hospital; without a setting they are in UTC."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from lobule.words import Words
from report.section import moment
from report.settings import ReportSettings

WINTER, SUMMER = datetime(2026, 1, 26, 23, 30, tzinfo=UTC), datetime(2026, 7, 26, 23, 30, tzinfo=UTC)


def settings(**changes) -> ReportSettings:
    needed = {"redis_url": "redis://x", "object_store_url": "file:///x", "internal_token": "x" * 32}
    return ReportSettings(**needed, **changes)


@pytest.mark.parametrize(
    ("zone", "at", "shown"),
    [
        ("UTC", WINTER, "26 Jan 2026, 23:30 UTC"),
        ("Europe/Vienna", WINTER, "27 Jan 2026, 00:30 (UTC+01:00)"),
        ("Europe/Vienna", SUMMER, "27 Jul 2026, 01:30 (UTC+02:00)"),
        ("America/St_Johns", WINTER, "26 Jan 2026, 20:00 (UTC-03:30)"),
    ],
)
def test_a_time_is_shown_with_its_offset(zone, at, shown):
    assert moment(at, Words("en", settings(time_zone=zone).zone)) == shown


def test_without_a_setting_it_is_utc():
    assert moment(SUMMER, Words("zh", settings().zone)) == moment(SUMMER, Words("zh"))


@pytest.mark.parametrize("name", ["Europe/Wien", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_is_none_is_named(name):
    with pytest.raises(ValidationError, match="time_zone"):
        settings(time_zone=name)
