"""Names of films and numbers of findings, by which a person finds what an object shows in the report of the case."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from dicom_node.results.examination import parse_breast
from dicom_node.results.film import film_name
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.result import Result
from lobule.numbering import Numbers, numbers_of


def copies_of(images: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Numbers the films of the same examination, side and view, from 1; by the ids of the images.

    Args:
        images: Images of a case, as the API returns them.
    """
    seen: Counter[tuple[Any, str]] = Counter()
    found: dict[str, int] = {}
    for image in images:
        examined = image.get("study_date") if image.get("is_prior") else None
        name = examined, film_name(image["laterality"], image["view"])
        seen[name] += 1
        found[image["id"]] = seen[name]
    return found


def parse_reading(together: Mapping[str, Any]) -> ExaminationReading | None:
    """The joint reading of a case's films without the fields that the API adds; None if there is none."""
    reading = together["reading"]
    if reading is None:
        return None
    document = {name: reading[name] for name in ExaminationReading.model_fields if name in reading}
    document["breasts"] = [parse_breast(each) for each in reading["breasts"]]
    return ExaminationReading.model_validate(document)


def numbers_in(reading: ExaminationReading | None, results: Iterable[tuple[str, Result]]) -> Numbers:
    """The numbers of the findings of the current films in the report.

    Args:
        reading: The joint reading; None if there is none.
        results: Results of the current films in the order of the case, each with the id of its analysis.
    """
    return numbers_of(reading, list(results)) if reading else {}
