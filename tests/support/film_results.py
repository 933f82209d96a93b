"""A result of a film with one finding."""

from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds


def film_result(image: ImageInfo, box: Box) -> Result:
    """A result that is not sure, with a mass of the id `f1` in a box."""
    return Result(
        image=image,
        model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="c", trained_on="t"),
        thresholds=Thresholds(low=0.2, high=0.6),
        assessment="not_sure",
        probability_malignant=0.4,
        findings=[Finding(id="f1", label="mass", probability=0.9, box=box)],
        display=DisplayImage(file="d.png", width=image.width, height=image.height),
    )
