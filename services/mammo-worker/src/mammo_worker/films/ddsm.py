"""DDSM's file formats: `.ics` case files, LJPEG films, `.OVERLAY` outlines (Heath et al., IWDM 2000)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from lobule.errors import AnalysisError

Digitizer = Literal["DBA", "HOWTEK-MGH", "HOWTEK-ISMD", "LUMISYS"]
VIEWS = ("LEFT_CC", "LEFT_MLO", "RIGHT_CC", "RIGHT_MLO")
MAX_DENSITY = 4.0  # optical density at which a normalised film is black

# Step of each chain-code digit as (x, y), y downwards: 0 is up, then clockwise (the thesis' table 6).
_STEPS = ((0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1))
_VIEW_LINE = re.compile(
    r"(?P<view>LEFT_CC|LEFT_MLO|RIGHT_CC|RIGHT_MLO)\s+LINES\s+(?P<lines>\d+)\s+PIXELS_PER_LINE\s+(?P<pixels>\d+)\s+"
    r"BITS_PER_PIXEL\s+(?P<bits>\d+)\s+RESOLUTION\s+(?P<microns>[\d.]+)\s+(?P<overlay>NON_OVERLAY|OVERLAY)"
)
_CHAIN_CODE = re.compile(r"[\d\s]*\d[\d\s]*(#.*)?|#")


@dataclass(frozen=True)
class FilmEntry:
    """The line of one film in a case file.

    Attributes:
        lines: Number of rows.
        pixels_per_line: Number of columns.
        bits: Bits per pixel.
        microns: Side of a pixel in micrometres.
        overlay: Whether it has an `.OVERLAY` file.
    """

    lines: int
    pixels_per_line: int
    bits: int
    microns: float
    overlay: bool


@dataclass(frozen=True)
class CaseFile:
    """An `.ics` file."""

    name: str
    age: int | None
    density: int | None
    digitizer: Digitizer
    films: dict[str, FilmEntry]


@dataclass(frozen=True)
class Abnormality:
    """One abnormality of an `.OVERLAY` file.

    Attributes:
        lesion: `MASS` or `CALCIFICATION` with its descriptors, as written.
        pathology: `MALIGNANT`, `BENIGN`, ...
        assessment: BI-RADS, 0 to 5.
        subtlety: 1 (subtle) to 5 (obvious).
        boundary: (N, 2) outline as x, y in pixels.
        cores: Further outlines.
    """

    lesion: tuple[str, ...]
    pathology: str
    assessment: int | None
    subtlety: int | None
    boundary: NDArray[np.int32]
    cores: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])


def parse_ics(text: str) -> CaseFile:
    """Read a case file.

    Raises:
        ValueError: The name, the digitizer or every film is missing.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, _, rest = line.strip().partition(" ")
        fields.setdefault(key, rest.strip())
    films = {
        m["view"]: FilmEntry(
            int(m["lines"]), int(m["pixels"]), int(m["bits"]), float(m["microns"]), m["overlay"] == "OVERLAY"
        )
        for m in _VIEW_LINE.finditer(text)
    }
    name = fields.get("filename", "")
    if not name or not films:
        raise ValueError("not a DDSM case file: it names no case or no film")
    return CaseFile(
        name,
        _integer(fields.get("PATIENT_AGE")),
        _integer(fields.get("DENSITY")),
        _digitizer(name, fields.get("DIGITIZER", "")),
        films,
    )


def _integer(words: str | None) -> int | None:
    found = re.match(r"-?\d+", words or "")
    return int(found[0]) if found else None


def _digitizer(case: str, words: str) -> Digitizer:
    kind = words.upper().split(" ")[0]
    if kind == "DBA":
        return "DBA"
    if kind in ("LUMISYS", "LUMISYSLASER"):
        return "LUMISYS"
    if kind == "HOWTEK":  # there are two, which the hospital distinguishes: A is MGH, D is ISMD
        return "HOWTEK-ISMD" if case.upper().startswith("D") else "HOWTEK-MGH"
    raise ValueError(f"the digitizer {words!r} is unknown; known are DBA, HOWTEK and LUMISYS")


def optical_density(samples: NDArray[Any], digitizer: Digitizer) -> NDArray[np.float32]:
    """Optical density of the film from the scanner's grey levels, by DDSM's calibration curves.

    The constants have not been compared with DDSM's own page; do so before you use densities as such.
    """
    grey = np.maximum(samples.astype(np.float32), 1.0)
    if digitizer == "DBA":
        density = (np.log10(grey) - 4.80662) / -1.07553
    elif digitizer == "HOWTEK-MGH":
        density = 3.789 - 0.00094568 * grey
    elif digitizer == "HOWTEK-ISMD":
        density = 3.96604095240593 - 0.00099055807612 * grey
    else:
        density = 4.05977749300340 - 0.00099080941710 * grey
    return np.clip(density, 0.0, MAX_DENSITY).astype(np.float32)


def normalise(samples: NDArray[Any], digitizer: Digitizer) -> NDArray[np.uint16]:
    """Convert to a 16-bit film, linear in optical density, for all scanners: 0 at `MAX_DENSITY`, 65535 at 0."""
    density = optical_density(samples, digitizer)
    return np.round((1.0 - density / MAX_DENSITY) * 65535).astype(np.uint16)


def decode_ljpeg(data: bytes, entry: FilmEntry) -> NDArray[np.uint16]:
    """Decode an LJPEG film: lossless JPEG (ITU-T T.81 process 14), any predictor, 8 to 16 bits.

    The height and width of the case file are used, not those of the stream, because many DDSM streams are transposed or
    mislabelled.

    Raises:
        AnalysisError: `image_unreadable` or `image_truncated`, with the stream's frame header.
    """
    try:
        samples = np.asarray(imagecodecs.jpegsof3_decode(data))
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes can raise any exception
        frame = _frame_header(data)
        raise AnalysisError("image_unreadable", "ljpeg", frame=frame, error=type(error).__name__) from None
    wanted = entry.lines * entry.pixels_per_line
    if samples.size != wanted:
        code = "image_truncated" if samples.size < wanted else "image_unreadable"
        raise AnalysisError(
            code,
            "ljpeg_size",
            found=samples.size,
            frame=_frame_header(data),
            width=entry.pixels_per_line,
            height=entry.lines,
        )
    return samples.reshape(entry.lines, entry.pixels_per_line).astype(np.uint16)


def _frame_header(data: bytes) -> str:
    """A description of the stream's frame header."""
    names = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless"}
    for kind, name in names.items():
        at = data.find(bytes([0xFF, kind]))
        if at >= 0 and at + 9 <= len(data):
            return f"{name} JPEG, {data[at + 4]} bits"
    return "no JPEG frame header"


def follow_chain(words: str) -> NDArray[np.int32]:
    """The outline (N, 2) as x, y from a chain code: start column, start row, then digits, ended by `#`.

    Raises:
        ValueError: The code has a digit above 7 or no start.
    """
    numbers = [int(w) for w in words.replace("#", " ").split()]
    if len(numbers) < 2:
        raise ValueError("the chain code has no start")
    if any(not 0 <= n <= 7 for n in numbers[2:]):
        raise ValueError("the chain code has a digit beyond 7")
    steps = np.array([_STEPS[n] for n in numbers[2:]], np.int32).reshape(-1, 2)
    start = np.array(numbers[:2], np.int32)
    return np.concatenate([start[None], start + np.cumsum(steps, axis=0, dtype=np.int32)])


def _chain_code(lines: Sequence[str]) -> str:
    """The chain code at the start of `lines`: all lines that contain only digits, up to a `#` if there is one."""
    code: list[str] = []
    for line in lines:
        if not _CHAIN_CODE.fullmatch(line):
            break
        before, mark, _ = line.partition("#")
        code.append(before)
        if mark:
            break
    return " ".join(code)


def parse_overlay(text: str) -> list[Abnormality]:
    """Read an `.OVERLAY` file.

    Raises:
        ValueError: An outline is missing or invalid, or the number of abnormalities is not the announced one.
    """
    found: list[Abnormality] = []
    for part in re.split(r"^ABNORMALITY\s+\d+\s*$", text, flags=re.MULTILINE)[1:]:
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        fields = {key: rest for key, _, rest in (line.partition(" ") for line in lines)}
        lesion = tuple(line.removeprefix("LESION_TYPE").strip() for line in lines if line.startswith("LESION_TYPE"))
        outlines: dict[str, list[NDArray[np.int32]]] = {"BOUNDARY": [], "CORE": []}
        for at, line in enumerate(lines):
            if line in outlines:
                outlines[line].append(follow_chain(_chain_code(lines[at + 1 :])))
        if not outlines["BOUNDARY"]:
            raise ValueError("an abnormality has no boundary")
        found.append(
            Abnormality(
                lesion,
                fields.get("PATHOLOGY", ""),
                _integer(fields.get("ASSESSMENT")),
                _integer(fields.get("SUBTLETY")),
                outlines["BOUNDARY"][0],
                outlines["CORE"],
            )
        )
    announced = re.search(r"TOTAL_ABNORMALITIES\s+(\d+)", text)
    if announced and int(announced[1]) != len(found):
        raise ValueError(f"{announced[1]} abnormalities are announced, but the file has {len(found)}")
    return found


def fill_outline(boundary: NDArray[np.int32], lines: int, pixels_per_line: int) -> NDArray[np.uint8]:
    """Mask (lines, pixels_per_line), 255 inside the outline and on it."""
    mask = np.zeros((lines, pixels_per_line), np.uint8)
    cv2.fillPoly(mask, [boundary.reshape(-1, 1, 2)], 255)
    return mask


def read_case_file(path: Path) -> CaseFile:
    """Read the `.ics` file at `path`; see `parse_ics`."""
    return parse_ics(path.read_text("ascii", errors="replace"))
