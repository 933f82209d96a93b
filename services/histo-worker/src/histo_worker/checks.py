"""What `lobule doctor` checks of this worker."""

from collections.abc import Iterator

from histo_worker.settings import HistoSettings
from lobule.diagnosis import Check, Installation
from lobule.diagnosis.models import check_package


def model(_installation: Installation) -> Iterator[Check]:
    """The model package that the settings name."""
    yield from check_package("histopathology model", HistoSettings().model, "histopathology")
