"""Readers on real data in the layouts in which it is shipped."""

import csv

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mammo_worker.cli import app
from mammo_worker.data.readers import read_data_set
from mammo_worker.labels import MALIGNANT

FILM = "Mass-Training_P_00001_LEFT_CC"
TABLE = "mass_case_description_train_set.csv"


@pytest.fixture
def tcia(shared_data, tmp_path, write_dicom):
    """A download of NBIA's data retriever: the official table, and a film with crop and mask as DICOM."""
    folder = shared_data / "cbis_ddsm_mass"
    sample = folder / "fullres_sample"
    pixels, mask = (cv2.imread(str(sample / f"{FILM}_{part}.jpg"), 0) for part in ("0", "1_0"))
    mask = ((mask > 127) * 255).astype(np.uint8)
    images = tmp_path / "manifest-ZkhPvrLo5216730872708713142" / "CBIS-DDSM"
    series = images / FILM / "07-20-2016-DDSM-NA-95042" / "1.000000-full mammogram images-63992"
    of_mass = images / f"{FILM}_1" / "07-20-2016-DDSM-NA-30288" / "1.000000-ROI mask images-18515"
    for path, picture in (
        (series / "1-1.dcm", pixels),
        (of_mass / "1-1.dcm", pixels[2000:2300, 500:700]),
        (of_mass / "1-2.dcm", mask),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_dicom(path, picture, 8)
    with (folder / "csv" / TABLE).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (tmp_path / TABLE).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(r for r in rows if r["patient_id"] == "P_00001")
    return tmp_path, mask


def test_cbis_ddsm_as_tcia_ships_it(tcia):
    folder, mask = tcia
    found = read_data_set(folder)
    [film] = found.items
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert film.boxes.tolist() == [[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]]
    assert (film.patient, film.labels.tolist(), film.malignant) == ("P_00001", [MALIGNANT], True)
    assert film.attributes == {"view": "CC", "laterality": "L", "density": "3"}
    assert (film.read_mask() == mask).all()
    [problem] = found.problems  # the table names the film of the other view, too
    assert "Mass-Training_P_00001_LEFT_MLO: its folder does not exist" in problem
    done = CliRunner().invoke(app, ["data", "check", str(folder)])
    assert done.exit_code == 1
    assert "1 film of 1 patient, 1 with masks" in done.stdout
    assert "LEFT_MLO" in done.stderr


def test_a_table_without_a_column_is_told_as_one(tcia):
    folder, _ = tcia
    table = folder / TABLE
    table.write_text(table.read_text().replace("image file path", "path", 1))
    done = CliRunner().invoke(app, ["data", "check", str(folder)])
    assert done.exit_code == 1
    assert "no column 'image file path'" in done.stderr.replace("\n", " ")
