"""What the comparison with earlier examinations means for a case's conclusion: a part of the joint reading."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lobule.contracts.case import ImageEvidence, Reason
from lobule.contracts.examination import SinceEarlier, WorseLesion
from lobule.contracts.result import Assessment


@dataclass(frozen=True)
class Comparison:
    """The comparison of the current films with earlier ones.

    Attributes:
        state: `none`: there are no earlier films to compare with.
        found: What it found.
        earlier: The names of the earlier films, by their analyses.
    """

    state: Literal["none", "awaited", "failed", "done"] = "none"
    found: SinceEarlier = field(default_factory=SinceEarlier)
    earlier: Mapping[str, str] = field(default_factory=dict[str, str])

    def worse(self, images: Sequence[ImageEvidence]) -> list[tuple[WorseLesion, list[str]]]:
        """The lesions that are new or have grown, each with the names of the images that show it."""
        named = [
            (lesion, [image.name for image in images if image.job_id in lesion.marks]) for lesion in self.found.worse
        ]
        return [(lesion, names) for lesion, names in named if names]

    def assess(self, images: Sequence[ImageEvidence]) -> Assessment | None:
        """The assessment of a case whose images show no sign by themselves; None while the comparison is awaited."""
        if self.state == "awaited":
            return None
        doubted = self.state == "failed" or self.found.not_compared or self.worse(images)
        return "not_sure" if doubted else "no_sign_of_malignancy"

    def reasons(self, images: Sequence[ImageEvidence]) -> Iterator[Reason]:
        """The reasons, worse lesions first; one for all lesions that are new, or have grown, on the same images."""
        for new, names in dict.fromkeys((lesion.change == "new", tuple(names)) for lesion, names in self.worse(images)):
            yield Reason(code="lesion_new" if new else "lesion_grown", values={"images": list(names)})
        if missing := [self.earlier.get(job_id, job_id) for job_id in self.found.not_compared]:
            yield Reason(code="not_compared", values={"images": missing})
        if self.state == "failed":
            yield Reason(code="comparison_failed")
        if self.state == "awaited":
            yield Reason(code="still_compared")


def reasons_before(unread: Mapping[str, SinceEarlier]) -> Iterator[Reason]:
    """The changes that unread films of recent examinations show since still earlier ones, by the names of the films."""
    changes = {"lesion_new": {"new"}, "lesion_grown": {"grown"}}
    for code, kinds in changes.items():
        if names := [name for name, found in unread.items() if any(lesion.change in kinds for lesion in found.worse)]:
            yield Reason(code=code, values={"images": names})  # pyright: ignore[reportArgumentType]


NOT_COMPARED = Comparison()
"""Of a case without earlier films."""
