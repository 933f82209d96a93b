"""Opens every object that Lobule makes of a study of four films in a real OHIF with a real Orthanc.

python bench/dicom_ohif.py [--picture FILE]

It needs Orthanc with its DICOMweb plugin (Debian: orthanc-dicomweb), Chromium, and OHIF (see `bench/ohif.py`). Prints
whether OHIF opens each series, and how many regions of each report it shows in the right place, within one pixel. Exits
with status 1 if a region of the findings or of the reader's verdicts is missing or misplaced.
"""

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import ohif
from dicom_faults import VIEWS, free_port
from dicom_objects import OPTIONAL, draw_film, objects_of, signed_by
from orthanc import DICOMWEB, Orthanc, running_orthanc
from playwright.sync_api import Page, sync_playwright

from dicom_node.results.concepts import derived_uid
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.measurements import corners, tracking_uid

_READY = "window.services?.displaySetService.getActiveDisplaySets().length >= {count}"
_OPEN = """async () => {
  const opened = []
  for (const set of window.services.displaySetService.getActiveDisplaySets()) {
    const told = { modality: set.Modality, series: set.SeriesDescription, supported: !set.unsupported, regions: [] }
    try {
      await set.load?.({ headers: {} })
    } catch (error) {
      told.error = String(error)
    }
    for (const each of set.measurements ?? []) {
      const [place] = each.coords ?? []
      told.regions.push({
        uid: each.TrackingUniqueIdentifier, shown: each.loaded, points: place?.GraphicData,
        film: place?.ReferencedSOPSequence?.ReferencedSOPInstanceUID,
      })
    }
    opened.push(told)
  }
  return opened
}"""
_SHOW = """async series => {
  const { displaySetService, viewportGridService } = window.services
  const set = displaySetService.getActiveDisplaySets().find(each => each.SeriesDescription === series)
  const viewportId = viewportGridService.getActiveViewportId()
  viewportGridService.setDisplaySetsForViewport({ viewportId, displaySetInstanceUIDs: [set.displaySetInstanceUID] })
}"""
FINDINGS = "Lobule findings (research use only)"


def draw_study(folder: Path) -> list[AnalysedFilm]:
    """A study of four films; most have findings."""
    pixels = np.random.default_rng(15)
    return [draw_film(folder, f"3-{number}", OPTIONAL, view, pixels) for number, view in enumerate(VIEWS)]


def send(orthanc: Orthanc, files: Sequence[Path]) -> None:
    """Send files to an Orthanc."""
    for file in files:
        httpx.post(f"{orthanc.url}/instances", content=file.read_bytes(), timeout=30).raise_for_status()


def expected(films: Sequence[AnalysedFilm], *, verdicts: bool) -> dict[str, tuple[str, np.ndarray]]:
    """The film and the corners of each region, by its tracking UID."""
    found = {
        str(tracking_uid(film, each)): (str(film.header.SOPInstanceUID), corners(film, each))
        for film in films
        for each in (film.result.findings if verdicts else film.result.marked_findings())
    }
    if verdicts:
        first = films[0]
        for each in signed_by(films).own:
            found[str(derived_uid("reader", each.id))] = (str(first.header.SOPInstanceUID), corners(first, each))
    return found


def wrong_regions(read: Sequence[dict[str, Any]], wanted: dict[str, tuple[str, np.ndarray]]) -> list[str]:
    """The regions that OHIF reads differently from how they were written."""
    found, wrong = {each["uid"]: each for each in read}, list[str]()
    for uid, (film, box) in wanted.items():
        each = found.get(uid)
        if each is None or not each["points"]:
            wrong.append(f"{uid} is missing")
            continue
        points = np.array(each["points"], float).reshape(-1, 2)
        if np.abs(points.min(0) - box.min(0)).max() > 1 or np.abs(points.max(0) - box.max(0)).max() > 1:
            wrong.append(f"{uid} at {points.tolist()} in the place of {box.tolist()}")
        if each["film"] != film or not each["shown"]:
            wrong.append(f"{uid} on the film {each['film']}, shown: {each['shown']}")
    return wrong


def open_study(page: Page, address: str, study: str, count: int) -> list[dict[str, Any]]:
    """The series of a study as OHIF describes them after opening it."""
    page.goto(f"{address}/viewer?StudyInstanceUIDs={study}")
    page.wait_for_function(_READY.format(count=count), timeout=120_000)
    page.wait_for_selector("canvas", timeout=120_000)
    return page.evaluate(_OPEN)


def main() -> None:
    """Run the check and print the results."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--picture", type=Path, help="of OHIF with the findings, PNG")
    given = arguments.parse_args()
    if not ohif.FILES.exists() or not DICOMWEB.exists():
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as play:
        folder, films = Path(name), draw_study(Path(name))
        for kind, made in objects_of(films).items():
            if "failed" not in kind:
                made.save_as(folder / f"{kind}.dcm", enforce_file_format=True)
        files = sorted(folder.glob("*.dcm"))
        with (
            running_orthanc(folder / "orthanc", free_port(), free_port(), free_port(), dicomweb=True) as orthanc,
            ohif.served(orthanc.url) as address,
        ):
            send(orthanc, files)
            series = sum(map(len, orthanc.instances(films[0].header.StudyInstanceUID).values()))
            flags = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
            flags += ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
            page = browser.new_page(viewport={"width": 1600, "height": 900})
            opened = open_study(page, address, str(films[0].header.StudyInstanceUID), series)
            if given.picture:
                page.evaluate(_SHOW, FINDINGS)
                page.wait_for_timeout(3000)
                page.screenshot(path=given.picture)
            browser.close()
    wrong = list[str]()
    for each in sorted(opened, key=lambda one: (one["modality"], one["series"])):
        state = (
            "opened"
            if each["supported"] and "error" not in each
            else each.get("error", "a class that it does not read")
        )
        print(f"{each['modality']:4} {each['series'] or 'film':58} {state}; {len(each['regions'])} regions")
        for start, verdicts in (("Lobule findings", False), ("Lobule verdicts", True)):
            if each["series"].startswith(start):
                wrong += wrong_regions(each["regions"], expected(films, verdicts=verdicts))
    kinds = Counter(each["series"].partition(" (")[0].partition(",")[0] for each in opened)
    missing = {"Lobule findings", "Lobule verdicts"} - kinds.keys()
    print(*wrong, *(f"no series {name}" for name in missing), sep="\n")
    sys.exit(bool(wrong or missing))


if __name__ == "__main__":
    main()
