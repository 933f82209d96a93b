"""The conclusion of the signer of a case, in words."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from lobule.contracts.breasts import BiRads, BreastConclusion, BreastConclusions, Density, Recommendation
from lobule.contracts.case import Signature
from lobule.contracts.result import Assessment, Laterality
from lobule.words import Words
from report.parts import Fact, Part
from report.section import moment


class Breast(Part):
    """The signer's conclusion on one breast, as codes and in words."""

    side: Laterality
    bi_rads: BiRads
    density: Density | None
    recommendation: Recommendation | None
    name: str = Field(description="the breast")
    category: str = Field(description="what the BI-RADS category means")
    facts: tuple[Fact, ...] = Field(description="density and recommendation")


class Clinician(Part):
    """The signer's conclusion."""

    assessment: Assessment | None = Field(description="their own or the system's; null if neither has one")
    conclusion: str
    basis: str = Field(description="how it stands to the system's conclusion, in words")
    overrules: bool = Field(description="the system concluded something else")
    breasts: tuple[Breast, ...] = Field(description="right before left; empty if none was stated")
    headline: str = Field(
        description="what stands first: the breasts, the most suspicious one first, or the conclusion"
    )
    comment: str
    signers: tuple[Fact, ...] = Field(description="who answers for it, and since when: both readers, or who signed")
    version: str


_URGENCY: tuple[BiRads, ...] = (6, 5, 4, 0, 3, 2, 1)
"""Which category is told first: malignancy, then what is not settled, then what is."""


def clinician_of(
    signature: Signature,
    system: Assessment | None,
    text: Words,
    by_side: Mapping[Laterality, Assessment] = MappingProxyType({}),
) -> Clinician:
    """Put a signature into words.

    Args:
        signature: Signature of the case's report.
        system: The system's assessment of the case.
        text: Sentences of the report's language.
        by_side: The system's assessment of each breast.
    """
    own = signature.conclusion
    if own is None:
        basis = "adopted"
    elif system is None:
        basis = "alone"
    else:
        same = "agrees" if _agree(signature.breasts, by_side) else "agrees.not_by_side"
        basis = same if own == system else "overrules"
    assessment = own or system
    conclusion = text(f"common.assessment.{assessment}") if assessment else text("conclusion.none")
    return Clinician(
        assessment=assessment,
        conclusion=conclusion,
        basis=text(f"clinician.{basis}"),
        overrules=basis in ("overrules", "agrees.not_by_side"),
        breasts=tuple(_breast(side, breast, text) for side, breast in signature.breasts.stated)
        if signature.breasts
        else (),
        headline=_headline(signature.breasts, text) if signature.breasts else conclusion,
        comment=signature.comment,
        signers=_signers(signature, text),
        version=text("document.version", version=signature.version),
    )


def _agree(breasts: BreastConclusions | None, by_side: Mapping[Laterality, Assessment]) -> bool:
    """Whether clinician and system conclude the same of every breast of which both conclude something."""
    stated = breasts.stated if breasts else []
    return all(by_side.get(side, breast.assessment) == breast.assessment for side, breast in stated)


def _signers(signature: Signature, text: Words) -> tuple[Fact, ...]:
    """The readers of a case that two people read, each in their role, or who signed and when."""
    if not signature.readers:
        name, time = text("signature.name"), text("signature.time")
        return (
            Fact(label=name, value=signature.signed_by),
            Fact(label=time, value=moment(signature.signed_at, text)),
        )
    return tuple(
        Fact(
            label=text(f"signature.reader.{reader.role}"),
            value=text("reading.version.by", name=reader.name, when=moment(reader.signed_at, text)),
        )
        for reader in signature.readers
    )


def _headline(breasts: BreastConclusions, text: Words) -> str:
    urgent_first = sorted(breasts.stated, key=lambda stated: _URGENCY.index(stated[1].bi_rads))
    sentences = [
        text("clinical.headline", side=text(f"clinical.side.{side}"), words=text(f"clinical.category.{breast.bi_rads}"))
        for side, breast in urgent_first
    ]
    return text.joined(sentences)


def _breast(side: Laterality, breast: BreastConclusion, text: Words) -> Breast:
    density = recommendation = text("clinical.unstated")
    if breast.density:
        words = text(f"clinical.density.{breast.density}")
        density = text("clinical.density.lettered", letter=breast.density, words=words)
    if breast.recommendation:
        recommendation = text(f"clinical.recommendation.{breast.recommendation}")
    return Breast(
        side=side,
        bi_rads=breast.bi_rads,
        density=breast.density,
        recommendation=breast.recommendation,
        name=text(f"clinical.side.{side}"),
        category=text(f"clinical.category.{breast.bi_rads}"),
        facts=(
            Fact(label=text("clinical.density"), value=density),
            Fact(label=text("clinical.recommendation"), value=recommendation),
        ),
    )
