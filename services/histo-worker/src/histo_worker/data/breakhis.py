"""Records of BreakHis (Spanhol et al., IEEE TBME 2016), from the original folder tree or a flat folder of its files.

An original name contains the whole record: `SOB_B_A-14-22549AB-100-001.png` is a benign (B) adenosis (A) of slide
14-22549AB, at 100X, field 1. Slides of one patient share the number and differ in the letters after it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from lobule.contracts.result import Magnification
from lobule.errors import AnalysisError
from lobule.imaging.decode import RGB8, decode_rgb

Label = Literal["benign", "malignant"]
LABELS: tuple[Label, ...] = get_args(Label)
MAGNIFICATIONS: tuple[Magnification, ...] = get_args(Magnification)
TUMOR_TYPES: dict[str, Label] = {
    "A": "benign",
    "F": "benign",
    "PT": "benign",
    "TA": "benign",
    "DC": "malignant",
    "LC": "malignant",
    "MC": "malignant",
    "PC": "malignant",
}
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".svs"})

_NAME = re.compile(
    r"SOB_(?P<label>[BM])_(?P<type>[A-Z]+)-(?P<slide>(?P<year>\d+)-(?P<number>\d+)(?P<part>[A-Z]*))"
    r"-(?P<power>\d+)-(?P<sequence>\d+)"
)


@dataclass(frozen=True, order=True)
class Field:
    """One labelled microscope field, of BreakHis or of a labels CSV.

    Attributes:
        name: The original name without suffix, or the file name in the CSV; unique within the data set.
        label: The class.
        tumor_type: BreakHis' code, a key of `TUMOR_TYPES`; empty if unknown.
        slide: Year and slide id, such as `14-22549AB`; empty if unknown.
        patient: Identifier that all slides of a patient share; the unit of every split.
        magnification: Nominal magnification; None if unknown.
        sequence: Number of the field within slide and magnification, or its line in the CSV.
        path: The file.
    """

    name: str
    label: Label
    tumor_type: str
    slide: str
    patient: str
    magnification: Magnification | None
    sequence: int
    path: Path

    def pixels(self) -> RGB8:
        """Decode the field into uint8 (height, width, 3).

        Raises:
            ValueError: The field cannot be read; the message contains its path, a code and the reason.
        """
        try:
            return decode_rgb(self.path.read_bytes(), "histopathology")
        except AnalysisError as error:
            raise ValueError(f"{self.path}: {error.code}: {error.detail}") from None
        except OSError as error:
            raise ValueError(f"{self.path}: unreadable_file: {error}") from None

    @property
    def part(self) -> str:
        """The part of the file that is the field, for files with many fields; empty for the whole file."""
        return ""

    @property
    def target(self) -> int:
        """1 for malignant, 0 for benign."""
        return int(self.label == "malignant")


def parse_name(path: Path) -> Field:
    """Read a record from a file's original name.

    Raises:
        ValueError: The name is not a BreakHis name, or is inconsistent.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise ValueError(f"{path.name} is not a BreakHis file name")
    label: Label = "benign" if match["label"] == "B" else "malignant"
    magnification = f"{match['power']}X"
    if TUMOR_TYPES.get(match["type"]) != label:
        raise ValueError(f"{path.name}: {match['type']} is not a {label} tumour type of BreakHis")
    if magnification not in MAGNIFICATIONS:
        raise ValueError(f"{path.name}: {magnification} is not a magnification of BreakHis")
    return Field(
        name=path.stem,
        label=label,
        tumor_type=match["type"],
        slide=match["slide"],
        patient=match["number"],
        magnification=magnification,
        sequence=int(match["sequence"]),
        path=path,
    )


def magnification_in(file_name: str) -> Magnification | None:
    """The magnification in a BreakHis file name; None for other names."""
    try:
        return parse_name(Path(file_name)).magnification
    except ValueError:
        return None


def find_fields(folder: Path, magnification: Magnification | None = None) -> list[Field]:
    """All fields in a folder and its subfolders, in the order of their names; files with other names are skipped.

    The original tree (`SOB/<type>/<slide>/<magnification>/`) and a flat folder are read in the same way, because the
    names contain everything that the folders state.

    Raises:
        FileNotFoundError: The folder does not exist or contains no field.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    paths = (p for p in folder.rglob("SOB_*") if p.suffix.lower() in SUFFIXES and _NAME.fullmatch(p.stem))
    fields = sorted(parse_name(p) for p in paths)
    if not fields:
        raise FileNotFoundError(f"{folder} contains no BreakHis image")
    return [f for f in fields if magnification in (None, f.magnification)]
