"""This worker's checks for `lobule doctor`."""

from collections.abc import Iterator

from lobule.diagnosis import Check, Installation
from lobule.diagnosis.models import check_package
from mammo_worker.settings import MammoSettings


def model(_installation: Installation) -> Iterator[Check]:
    """Check the model package of the settings."""
    yield from check_package("mammography model", MammoSettings().package, "mammography")
