"""This worker's checks for `lobule doctor`."""

from collections.abc import Iterator

from histo_worker.settings import HistoSettings
from lobule.diagnosis import Check, Installation
from lobule.diagnosis.models import check_package


def model(_installation: Installation) -> Iterator[Check]:
    """Check the model package of the settings."""
    yield from check_package("histopathology model", HistoSettings().model, "histopathology")
