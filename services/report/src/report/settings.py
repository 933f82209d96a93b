"""The report service's settings, beside those of every worker."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from lobule.settings import Settings


class ReportSettings(Settings):
    """The settings of the report service, in addition to those of every worker."""

    time_zone: str = Field(
        "UTC", description="time zone of the times in reports, such as Europe/Vienna; times of the API are in UTC"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("there is no such time zone; names are those of IANA, such as Europe/Vienna") from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.time_zone)
