"""What `lobule doctor` checks of this worker."""

from collections.abc import Iterator

from lobule.diagnosis import Check, Installation
from lobule.diagnosis.models import check_package
from mammo_worker.settings import MammoSettings


def model(_installation: Installation) -> Iterator[Check]:
    """The model package that the settings name."""
    yield from check_package("mammography model", MammoSettings().package, "mammography")
