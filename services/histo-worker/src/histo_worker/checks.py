"""This worker's checks for `lobule doctor`."""

from collections.abc import Iterator
from datetime import UTC, datetime

from histo_worker.adaptation.site import read_site
from histo_worker.settings import HistoSettings
from lobule.diagnosis import Check, Installation
from lobule.diagnosis.models import check_package
from lobule.errors import AnalysisError
from lobule.model_package import open_package


def model(_installation: Installation) -> Iterator[Check]:
    """Check the model package of the settings, and the file of the laboratory that it is adapted to."""
    settings, part = HistoSettings(), "histopathology model"
    yield from check_package(part, settings.model, "histopathology")
    if settings.site is None:
        return
    try:
        site = read_site(settings.site, open_package(settings.model, "histopathology").manifest)
    except AnalysisError as error:
        yield Check(part, "problem", "model_fails", {"folder": settings.site, "reason": str(error)})
    else:
        values = {"laboratory": site.name, "version": site.version, "file": settings.site, "day": site.measured_on}
        if site.adaptation.is_old(datetime.now(UTC).date()):
            yield Check(part, "warning", "laboratory_old", values)
        else:
            yield Check(part, "ok", "laboratory", values)
