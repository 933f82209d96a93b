"""The keys of all objects in the object store. No other module builds one of an object that stays.

```
images/<image>/original              an upload
images/<image>/film/…                its samples in full depth: `facts.json`, `samples.u16`
instances/<instance>/original        a DICOM object that was made of a case
previews/<user>/<preview>/…          a file that is only looked at: `original`, `facts.json`, `preview.jpg`
jobs/<work>/<step>/<attempt>/…       what an attempt left: a result with its pictures, or reports and a thumbnail
keys/<owner>/<id>/<key>              a data key of an encrypted store, wrapped by the master key
doctor/<process>                     what `lobule doctor` writes and deletes to test a store; it makes this key itself
```

What is under `images/`, `instances/` and `jobs/` belongs to a row of the database of the same id. What is under
`previews/` belongs to none and may be lost at any time.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, cast

from lobule.contracts.case import REPORT_FILES, ReportForm
from lobule.contracts.language import Language
from lobule.contracts.steps import StepName

Owner = Literal["images", "instances", "jobs"]
OWNERS: tuple[Owner, ...] = ("images", "instances", "jobs")
"""Top-level folders whose objects belong to database rows."""

RESULT_FILE = "result.json"
CONCLUSION_FILES: Mapping[StepName, str] = {
    "inference": RESULT_FILE,
    "examination": "examination.json",
    "region": "region.json",
}
"""The document of each step that concludes something; the others leave renderings. It is written last: if it exists,
all files that it names exist."""
DISPLAY_FILE = "display.png"
HEAT_MAP_FILE = "heat_map.png"

FACTS_FILE = "facts.json"
"""The file of a picture for display that is written last: if it exists, all files that it names exist."""
PREVIEW_FILE = "preview.jpg"
THUMBNAIL_FILE = "thumbnail.jpg"
SAMPLES_FILE = "samples.u16"
OVERVIEW_FILE = "overview.film"
"""A film at the size of a viewer's pane: one file with everything that a viewer needs before zooming."""


def image_folder(image_id: str) -> str:
    """The folder of an uploaded image and of everything that is derived from its bytes alone."""
    return f"images/{image_id}"


def instance_folder(instance_id: str) -> str:
    """The folder of a DICOM object that was made of a case."""
    return f"instances/{instance_id}"


def film_folder(image_id: str) -> str:
    """The folder of an image's samples in full depth."""
    return f"{image_folder(image_id)}/film"


def preview_folder(user_id: str, preview_id: str) -> str:
    """The folder of a file that a user only views."""
    return f"previews/{user_id}/{preview_id}"


def upload_key(folder: str) -> str:
    """The key of the uploaded file in an image's or a preview's folder."""
    return f"{folder}/original"


def folder_of_upload(key: str) -> str:
    """The folder of an image or a preview, from the key of its uploaded file."""
    return key.rpartition("/")[0]


def work_folder(work_id: str) -> str:
    """The folder of the output of all steps of a job or of a rendering."""
    return f"jobs/{work_id}"


def attempt_folder(work_id: str, step: StepName, attempt: int) -> str:
    """The folder that belongs to a single attempt at a step."""
    return f"{work_folder(work_id)}/{step}/{attempt}"


def attempt_of(folder: str) -> tuple[str, int]:
    """The step's folder and the number of the attempt, from a folder of `attempt_folder`."""
    step, _, attempt = folder.rpartition("/")
    return step, int(attempt)


def file_key(folder: str, name: str) -> str:
    """A file in a folder, as its result or its facts name it."""
    return f"{folder}/{name}"


def result_key(folder: str) -> str:
    """The result in the folder of an attempt at an inference step."""
    return file_key(folder, RESULT_FILE)


def conclusion_key(folder: str, step: StepName) -> str:
    """The document in the folder of an attempt at one of the steps of `CONCLUSION_FILES`."""
    return file_key(folder, CONCLUSION_FILES[step])


def report_file(language: Language, form: ReportForm) -> str:
    """The name of a rendering in the folder of its attempt."""
    return f"report.{language}.{REPORT_FILES[form][0]}"


def report_key(folder: str, language: Language, form: ReportForm) -> str:
    """The key of a rendering in the folder of its attempt."""
    return file_key(folder, report_file(language, form))


def signed_pdf_key(folder: str, language: Language, sha256: str = "") -> str:
    """The key of a signed report's PDF with its signature, next to the rendered one.

    Args:
        folder: Of the attempt that rendered it.
        language: Of the PDF.
        sha256: Of the signed file; empty in versions that stored it under its language alone.
    """
    return file_key(folder, f"report.{language}{sha256 and f'.{sha256[:16]}'}.signed.pdf")


KEYS = "keys"
"""The folder of data keys."""


def key_folder(key: str) -> str:
    """The folder of the data keys for the image, instance, work or user that a key belongs to."""
    return f"{KEYS}/{'/'.join(key.split('/')[:2])}"


def is_whole(prefix: str) -> bool:
    """Whether a prefix contains everything of an image, instance, work or user, or of several."""
    return prefix.count("/") < 2


class Place(NamedTuple):
    """The row that an object belongs to."""

    owner: Owner
    id: str

    @property
    def folder(self) -> str:
        """The folder of everything that belongs to the row."""
        folders = {"images": image_folder, "instances": instance_folder, "jobs": work_folder}
        return folders[self.owner](self.id)


def place_of(key: str) -> Place:
    """The row that an object under one of `OWNERS` belongs to."""
    owner, name, *_ = key.split("/")
    return Place(cast(Owner, owner), name)


def folders_of(key: str) -> list[str]:
    """The folder of the row that an object belongs to and, of a work's object, that of the attempt that left it."""
    parts = key.split("/")
    return ["/".join(parts[:depth]) for depth in (2, 4) if len(parts) > depth]
