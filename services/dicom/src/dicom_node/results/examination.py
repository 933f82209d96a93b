"""The data from which all objects of a study are created: films, conclusions and the signed reading."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dicom_node.results.film import AnalysedFilm, FailedFilm
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import Review
from lobule.contracts.examination import BreastReading
from lobule.contracts.findings import WHOLE_IMAGE
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Assessment, Laterality

_URGENCY: tuple[Assessment, ...] = ("malignancy_suspected", "not_sure", "no_sign_of_malignancy")


@dataclass(frozen=True)
class Signed:
    """What a reader signed.

    Attributes:
        version: Of the report, from 1.
        reader: Their name, as the report shows it.
        others: Names of the others who read it, where two people read the case.
        conclusion: Their own; None where they left the system's.
        breasts: What they stated of each breast.
        comment: Their comment.
        reviews: What they said of findings and films.
        own: Findings that readers drew themselves.
    """

    version: int
    reader: str
    conclusion: Assessment | None
    breasts: BreastConclusions | None
    comment: str
    reviews: Sequence[Review]
    own: Sequence[ReaderFinding] = ()
    others: Sequence[str] = ()

    def verdict_of(self, film: AnalysedFilm, finding: str = WHOLE_IMAGE) -> Review | None:
        """The verdict on a finding, or on a film as a whole."""
        matching = (each for each in self.reviews if (each.job_id, each.finding_id) == (film.job_id, finding))
        return next(matching, None)

    @property
    def says_anything_of_findings(self) -> bool:
        """Whether the reader gave a verdict or drew a finding."""
        return bool(self.own) or any(each.verdict for each in self.reviews)


@dataclass(frozen=True)
class Examination:
    """The current state of a study in the gateway.

    Attributes:
        films: That were assessed, at least one.
        assessment: Of the case; None while there is none.
        probability: The highest of the films that carry it.
        reasons: Why, as sentences.
        suggestions: What could be done next, as sentences.
        signed: What a reader signed; None while nothing is in force.
        breasts: What the films of each breast say together; empty where they are not read together.
        awaited: Whether they are still being read together.
        signed_version: The last version that was signed, in force or not; None before the first.
        failed: Films that could not be analysed.
    """

    films: Sequence[AnalysedFilm]
    assessment: Assessment | None
    probability: float | None
    reasons: Sequence[str]
    suggestions: Sequence[str]
    signed: Signed | None
    breasts: Sequence[BreastReading] = ()
    awaited: bool = False
    signed_version: int | None = None
    failed: Sequence[FailedFilm] = ()

    @classmethod
    def of(
        cls,
        case: dict[str, Any],
        together: dict[str, Any],
        films: Sequence[AnalysedFilm],
        failed: Sequence[FailedFilm] = (),
    ) -> "Examination":
        """Build the examination from the gateway's answers for its case and for the reading of its films together."""
        conclusion = case["conclusion"]
        return cls(
            films=films,
            failed=failed,
            assessment=conclusion["assessment"],
            probability=conclusion["probability_malignant"],
            reasons=[each["text"] for each in conclusion["reasons"]],
            suggestions=[each["text"] for each in conclusion["suggestions"]],
            signed=_signed(case),
            signed_version=max((each["version"] for each in case["reports"]), default=None),
            breasts=[_breast(each) for each in (together["reading"] or {}).get("breasts", [])],
            awaited=together["state"] not in ("none", *FINAL_STATES),
        )

    @property
    def analysed(self) -> str:
        """A fingerprint of the films, their sides and views, and their analyses."""
        return ",".join(sorted(f"{film.header.SOPInstanceUID}={film.analysed}" for film in self.films))

    @property
    def searched(self) -> str:
        """A fingerprint of which films were analysed and which failed."""
        return ";failed:".join([self.analysed, *sorted(str(film.header.SOPInstanceUID) for film in self.failed)])

    @property
    def concluded(self) -> str:
        """A fingerprint of everything that the conclusion depends on."""
        read = "".join(breast.model_dump_json() for breast in self.breasts)
        return f"{self.assessment};{hashlib.sha256(read.encode()).hexdigest()[:16]}"

    def reading_of(self, side: Laterality) -> BreastReading | None:
        """The joint reading of a breast's films; None if the assessment of a single film is more urgent.

        The case's own conclusion follows from the single films, and no report about it may say less.
        """
        read = next((breast for breast in self.breasts if breast.laterality == side), None)
        worst = [_URGENCY.index(film.result.assessment) for film in self.of_side(side)]
        if read is None or _URGENCY.index(read.assessment) > min(worst, default=len(_URGENCY)):
            return None
        return read

    def of_side(self, side: Laterality) -> list[AnalysedFilm]:
        """The films of a breast."""
        return [film for film in self.films if film.laterality == side]


def _breast(told: dict[str, Any]) -> BreastReading:
    """A breast without the fields that the API adds, such as sentences."""
    return BreastReading.model_validate({name: told[name] for name in BreastReading.model_fields if name in told})


def _signed(case: dict[str, Any]) -> Signed | None:
    report = next((each for each in case["reports"] if not each["superseded"]), None)
    if report is None:
        return None
    return Signed(
        version=report["version"],
        reader=report["signed_by"],
        conclusion=report["conclusion"],
        breasts=BreastConclusions.model_validate(report["breasts"]) if report.get("breasts") else None,
        comment=report["comment"],
        reviews=[Review.model_validate(each) for each in case["reviews"]],
        own=[ReaderFinding.model_validate(each) for each in case.get("reader_findings", [])],
        others=[each["name"] for each in report.get("readers", []) if each["name"] != report["signed_by"]],
    )


def most_suspicious(films: Sequence[AnalysedFilm]) -> AnalysedFilm:
    """The film with the most urgent assessment and, among those, the highest probability."""
    return min(films, key=lambda film: (_URGENCY.index(film.result.assessment), -film.result.probability_malignant))
