"""The images of a case that could not be assessed, in words."""

from pydantic import Field

from lobule.contracts.case import CaseImage
from lobule.words import Words
from report.parts import Part
from report.reader import ReaderRow, reader_rows


class NotAssessed(Part):
    """An image of the case that could not be assessed, with the reason."""

    name: str
    file_name: str
    label: str = Field(description="the name, and the file's where that is another")
    why: str
    drawn: tuple[ReaderRow, ...] = Field(default=(), description="what readers found on it themselves")


def not_assessed(image: CaseImage, name: str, text: Words) -> NotAssessed:
    """Why an image was not assessed, and what readers drew on it.

    Args:
        image: The image of the case.
        name: What it is called.
        text: Sentences of the report's language.
    """
    why = text("limits.result_gone" if image.state == "assessed" else "limits.failed.default")
    if image.error is not None:
        key = f"not_assessed.{image.error.code}"
        why = text(key) if key in text else image.error.detail or why
    file_name = image.image.file_name
    label = name if name == file_name else text("limits.named_file", name=name, file=file_name)
    drawn = reader_rows(image, None, {}, {}, text)
    return NotAssessed(name=name, file_name=file_name, label=label, why=why, drawn=drawn)
