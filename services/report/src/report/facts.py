"""Rows of the tables about the examined image and about the system."""

from collections.abc import Iterator

from lobule.contracts.result import ImageInfo, Patches, Result
from lobule.modalities import spec_of_result
from lobule.words import Words
from report.certainty import zones
from report.parts import Fact
from report.sizes import image_size
from report.tissue import scale_facts, tissue_facts


def package_sentence(english: str, text: Words) -> str:
    """A sentence of a model package or of its pipeline, in English where the catalogue does not know it."""
    return text.of_package(english) or english


def examined_facts(result: Result, text: Words) -> tuple[Fact, ...]:
    """Rows about the examined image: its file, its attributes, and what the pipeline read from it."""
    image, spec, unknown = result.image, spec_of_result(result), text("examined.unknown")

    def fact(key: str, value: str) -> Fact:
        return Fact(label=text(f"examined.{key}"), value=value)

    facts = [
        fact("file", image.file_name),
        fact("kind", text.of_modality(spec, "examined.kind.")),
        fact("size", image_size(image, text)),
    ]
    if "magnification" in spec.attributes:
        facts.append(fact("magnification", _magnification(image, result.patches, text)))
    if "view" in spec.attributes:
        facts.append(fact("view", text.view(image.view, spec) if image.view else unknown))
    if "laterality" in spec.attributes:
        side = text(f"examined.laterality.{image.laterality}") if image.laterality else unknown
        facts.append(fact("laterality", side))
    if result.patches is not None:
        facts.append(
            fact("patches", text("examined.patches.count", count=result.patches.count, size=result.patches.size))
        )
    facts += scale_facts(result, text)
    facts += tissue_facts(result, text)
    return (*facts, fact("fingerprint", image.sha256[:16]))


def _magnification(image: ImageInfo, patches: Patches | None, text: Words) -> str:
    given, assumed = image.magnification, patches.magnification_assumed if patches else None
    if given and assumed and given != assumed:
        return text("examined.magnification.corrected", given=given, assumed=assumed)
    if given:
        return text("examined.magnification.given", magnification=given)
    if assumed:
        return text("examined.magnification.assumed", magnification=assumed)
    return text("examined.unknown")


def system_facts(result: Result, text: Words) -> tuple[Fact, ...]:
    """The model that analysed the image: its name, training data, thresholds and calibration."""
    model = result.model
    named = (text("certainty.zone", name=zone.name, range=zone.range) for zone in zones(result.thresholds, text))
    return (
        Fact(label=text("system.model"), value=text("system.model.value", name=model.name, version=model.version)),
        *_search_facts(result, text),
        *((Fact(label=text("system.tissue"), value=result.tissue.model),) if result.tissue else ()),
        Fact(label=text("system.trained_on"), value=package_sentence(model.trained_on, text)),
        Fact(label=text("system.thresholds"), value=text.marks.semicolon.join(named)),
        Fact(label=text("system.calibration"), value=package_sentence(model.calibration, text)),
        Fact(label=text("system.weights"), value=model.weights_sha256[:16]),
    )


def _search_facts(result: Result, text: Words) -> Iterator[Fact]:
    if result.calcifications is not None and result.calcifications.searched:
        search = result.calcifications.model
        yield Fact(
            label=text("system.calcifications"),
            value=text("system.model.value", name=search.name, version=search.version),
        )
