"""The data from which all objects of a study are created: films, conclusions and the signed reading."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydicom.dataset import Dataset

from dicom_node.results.film import AnalysedFilm, FailedFilm
from lobule.assessments import URGENCY, combine
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import Review
from lobule.contracts.examination import BreastReading
from lobule.contracts.findings import WHOLE_IMAGE
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.reasons import ABOUT_EITHER_BREAST
from lobule.contracts.result import Assessment, Laterality


@dataclass(frozen=True)
class Verification:
    """That somebody answers for a report.

    Attributes:
        name: Name of the reader, as the report shows it.
        signed_at: Time of the signature.
    """

    name: str
    signed_at: datetime


@dataclass(frozen=True)
class Signed:
    """The content that a reader signed.

    Attributes:
        version: Version of the report, from 1.
        verification: Who signed the report, and when.
        others: The other readers, if two people read the case.
        conclusion: The reader's own conclusion; None if they left the system's.
        breasts: The reader's statements about each breast.
        comment: The reader's comment.
        reviews: The reviews of findings and films.
        own: Findings that readers drew themselves.
    """

    version: int
    verification: Verification
    conclusion: Assessment | None
    breasts: BreastConclusions | None
    comment: str
    reviews: Sequence[Review]
    own: Sequence[ReaderFinding] = ()
    others: Sequence[Verification] = ()

    @property
    def reader(self) -> str:
        """The name of the reader who signed it."""
        return self.verification.name

    @property
    def verifications(self) -> list[Verification]:
        """Everyone who answers for it."""
        return [self.verification, *self.others]

    def verdict_of(self, film: AnalysedFilm, finding: str = WHOLE_IMAGE) -> Review | None:
        """The verdict on a finding, or on a film as a whole."""
        matching = (each for each in self.reviews if (each.job_id, each.finding_id) == (film.job_id, finding))
        return next(matching, None)

    def drawn_on(self, film: AnalysedFilm | FailedFilm) -> list[ReaderFinding]:
        """The findings that readers drew on a film."""
        return [own for own in self.own if own.image_id == film.image_id]

    def says_anything_of_findings(self, films: Sequence[AnalysedFilm], failed: Sequence[FailedFilm]) -> bool:
        """Whether the reader gave a verdict on a finding of these films, or drew one on them."""
        said = (self.verdict_of(film, finding.id) for film in films for finding in film.result.findings)
        return any(each and each.verdict for each in said) or any(map(self.drawn_on, [*films, *failed]))


@dataclass(frozen=True)
class Examination:
    """The current state of a study in the gateway.

    Attributes:
        films: The assessed films; empty only if some failed.
        assessment: Assessment of the case; None while there is none.
        probability: Highest probability of the films that carry the assessment.
        reasons: Reasons of the assessment, as sentences.
        suggestions: Suggested next steps, as sentences.
        signed: The signed version in force; None if there is none.
        breasts: What the films of each breast say together; empty if they are not read together.
        by_model: Whether a model read them together, so that the conclusion follows from the breasts.
        awaited: Whether the films are still being read together.
        signed_version: The last version that was signed, in force or not; None before the first that is of this study.
        failed: Films that could not be analysed.
        is_current: Whether the case's conclusion is about this study, not about a later one that was added to the case.
        in_doubt: Whether the conclusion names something beside these films that may be of either breast.
        own_version: The last version that was signed of this study; looked for only if it is not current.
    """

    films: Sequence[AnalysedFilm]
    assessment: Assessment | None
    probability: float | None
    reasons: Sequence[str]
    suggestions: Sequence[str]
    signed: Signed | None
    breasts: Sequence[BreastReading] = ()
    by_model: bool = False
    awaited: bool = False
    signed_version: int | None = None
    failed: Sequence[FailedFilm] = ()
    is_current: bool = True
    in_doubt: bool = False
    own_version: Signed | None = None

    @classmethod
    def of(
        cls,
        case: dict[str, Any],
        together: dict[str, Any],
        films: Sequence[AnalysedFilm],
        failed: Sequence[FailedFilm] = (),
        is_current: bool = True,
    ) -> "Examination":
        """Build the examination from the gateway's answers for its case and for the reading of its films together."""
        conclusion = case["conclusion"]
        assessment: Assessment | None = conclusion["assessment"]
        if assessment is not None:  # the gateway knows nothing of a film that it refused
            assessment = combine([assessment], failed=bool(failed))
        return cls(
            films=films,
            failed=failed,
            is_current=is_current,
            in_doubt=any(each["code"] in ABOUT_EITHER_BREAST for each in conclusion["reasons"]),
            assessment=assessment,
            probability=conclusion["probability_malignant"],
            reasons=[each["text"] for each in conclusion["reasons"]],
            suggestions=[each["text"] for each in conclusion["suggestions"]],
            signed=_signed(case),
            signed_version=max((each["version"] for each in case["reports"]), default=None),
            breasts=[parse_breast(each) for each in (together["reading"] or {}).get("breasts", [])],
            by_model=(together["reading"] or {}).get("method") == "model",
            awaited=together["state"] not in ("none", *FINAL_STATES),
        )

    @property
    def analysed(self) -> str:
        """A fingerprint of the films, their sides and views, and their analyses."""
        return ",".join(sorted(f"{film.header.SOPInstanceUID}={film.analysed}" for film in self.films))

    @property
    def searched(self) -> str:
        """A fingerprint of which films were analysed and which failed."""
        return ";".join([self.analysed, *self.not_searched])

    @property
    def not_searched(self) -> list[str]:
        """The fingerprints of the films that failed."""
        return sorted(f"failed:{film.header.SOPInstanceUID}" for film in self.failed)

    @property
    def concluded(self) -> str:
        """A fingerprint of everything that the conclusion depends on."""
        said = [breast.model_dump_json() for breast in self.breasts]
        said += [*self.reasons, *self.suggestions, str(self.probability), str(self.in_doubt)]
        said += [film.name for film in self.failed]
        digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
        return f"{self.assessment};{digest[:16]}"

    def reading_of(self, side: Laterality) -> BreastReading | None:
        """The joint reading of a breast's films; None if what its single films say is more urgent.

        No report may say less than the case's conclusion, which follows from the single films, or, where a model read
        them together, from the breast and from suspected films.
        """
        read = next((breast for breast in self.breasts if breast.laterality == side), None)
        said: set[Assessment] = {
            each for each in self._said_of(side) if not self.by_model or each == "malignancy_suspected"
        }
        alone = combine(said, failed=any(film.laterality == side for film in self.failed))
        if read is None or (alone is not None and URGENCY.index(alone) < URGENCY.index(read.assessment)):
            return None
        return read

    def assessment_of(self, side: Laterality) -> Assessment | None:
        """The assessment of a breast by its single films; None if it has none.

        One whose side is unknown or in doubt may be of it, and so may what else the case's conclusion names.
        """
        if not self.of_side(side) and all(film.laterality != side for film in self.failed):
            return None
        unplaced = (
            film.result.assessment for film in self.films if film.laterality is None or film.result.side_in_doubt
        )
        doubted = self.in_doubt or any(said != "no_sign_of_malignancy" for said in unplaced)
        failed = any(film.laterality in (side, None) for film in self.failed)
        return combine(self._said_of(side), failed=doubted or failed)

    def of_side(self, side: Laterality) -> list[AnalysedFilm]:
        """The films of a breast."""
        return [film for film in self.films if film.laterality == side]

    def _said_of(self, side: Laterality) -> list[Assessment]:
        return [film.result.assessment for film in self.of_side(side)]

    @property
    def header(self) -> Dataset:
        """Of a film, for what objects repeat of patient and study."""
        return (self.films or self.failed)[0].header


def parse_breast(document: dict[str, Any]) -> BreastReading:
    """A breast without the fields that the API adds, such as sentences."""
    return BreastReading.model_validate(
        {name: document[name] for name in BreastReading.model_fields if name in document}
    )


def _signed(case: dict[str, Any]) -> Signed | None:
    report = next((each for each in case["reports"] if not each["superseded"]), None)
    return None if report is None else signed_report(case, report)


def signed_report(case: dict[str, Any], report: dict[str, Any]) -> Signed:
    """The content of a version of the case's report, with the current reviews."""
    return Signed(
        version=report["version"],
        verification=_verification(report["signed_by"], report),
        conclusion=report["conclusion"],
        breasts=BreastConclusions.model_validate(report["breasts"]) if report.get("breasts") else None,
        comment=report["comment"],
        reviews=[Review.model_validate(each) for each in case["reviews"]],
        own=[ReaderFinding.model_validate(each) for each in case.get("reader_findings", [])],
        others=[_verification(each["name"], each) for each in _other_readers(report)],
    )


def _other_readers(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The readers besides the signer, who is the last of that name: two readers may be called the same."""
    readers: list[dict[str, Any]] = report.get("readers", [])
    places = [place for place, each in enumerate(readers) if each["name"] == report["signed_by"]]
    return [each for place, each in enumerate(readers) if place not in places[-1:]]


def _verification(name: str, signature: dict[str, Any]) -> Verification:
    return Verification(name, datetime.fromisoformat(signature["signed_at"]).astimezone(UTC))


def most_suspicious(films: Sequence[AnalysedFilm]) -> AnalysedFilm:
    """The film with the most urgent assessment and, among those, the highest probability."""
    return min(films, key=lambda film: (URGENCY.index(film.result.assessment), -film.result.probability_malignant))
