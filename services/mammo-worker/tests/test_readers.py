"""Readers of data sets, each on drawn films in the layout in which the set comes."""

import json
import plistlib

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mammo_worker.cli import app
from mammo_worker.data.readers import read_data_set, readers
from mammo_worker.data.training_set import is_unmarked, own_films
from mammo_worker.labels import BENIGN, MALIGNANT, MASS_OF_UNKNOWN_CLASS

BOX = [60, 200, 100, 260]


def check(*arguments):
    return CliRunner().invoke(app, ["data", "check", *map(str, arguments)])


def mask_of(shape=(600, 400), box=BOX):
    mask = np.zeros(shape, np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 255
    return mask


@pytest.fixture
def draw(draw_film):
    def picture(path, bits=8, seed=0):
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), draw_film(600, 400, bits, seed=seed))

    return picture


@pytest.fixture
def draw_dicom(draw_film, write_dicom):
    def film(path, pixels=None, bits=12):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_dicom(path, draw_film(600, 400, bits) if pixels is None else pixels, bits)

    return film


def labels_csv(folder, draw):
    for i, name in enumerate(("a.png", "b.png", "c.png")):
        draw(folder / name, 16, i)
    cv2.imwrite(str(folder / "mask.png"), mask_of())
    (folder / "films.csv").write_text(
        "file,patient,label,view,mm_per_pixel,boxes,mask\n"
        "a.png,P1,normal,CC,0.05,,\n"
        "b.png,P1,malignant,MLO,,60 200 100 260; 10 20 30 40 benign,\n"
        "c.png,P2,benign,,,,mask.png\n"
    )
    return folder / "films.csv"


def test_labels_csv(tmp_path, draw):
    normal, malignant, masked = read_data_set(labels_csv(tmp_path, draw)).items
    assert (normal.patient, normal.malignant, len(normal.boxes)) == ("P1", False, 0)
    assert normal.attributes == {"view": "CC", "mm_per_pixel": "0.05", "label": "normal"}
    assert normal.read().dtype == np.uint16
    assert malignant.boxes.tolist() == [BOX, [10, 20, 30, 40]]
    assert malignant.labels.tolist() == [MALIGNANT, BENIGN]
    assert masked.boxes.tolist() == [BOX]
    assert (masked.read_mask() == mask_of()).all()
    assert check(tmp_path / "films.csv").exit_code == 0


def test_every_fault_of_a_labels_csv_is_named_with_its_line(tmp_path, draw, draw_film):
    table = labels_csv(tmp_path, draw)
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:300])
    cv2.imwrite(str(tmp_path / "small.png"), draw_film(300, 200, 8))
    rows = (
        "a.png,P1,normal,,,,",
        "gone.png,P3,normal,,,,",
        "cut.png,P3,normal,,,,",
        ",P3,normal,,,,",
        "small.png,P4,odd,,,,",
        "mask.png,P5,malignant,,,1 2 3,",
        "mask.png,P5,malignant,,,30 30 20 40,",
        "small.png,P5,benign,,,20 20 9000 40,mask.png",
        "mask.png,P5,benign,,,20 20 30 40 malignant,",
    )
    table.write_text(table.read_text() + "\n".join(rows) + "\n")
    done = check(table)
    assert done.exit_code == 1
    said = done.stderr.replace("\n", " ")
    for words in (
        "line 5: ", "already in line 2", "gone.png does not exist", "file is empty", "'odd'", "not x1 y1 x2 y2",
        "is empty or outside", "a benign film has a malignant mass",
        "cut.png", "lies outside its 200 x 300 pixels", "its mask has 400 x 600 pixels",
    ):  # fmt: skip
        assert words in said
    assert "5 films opened; 10 faults" in done.stdout


def test_film_whose_mass_nobody_placed_is_no_film_without_a_mass(tmp_path, draw):
    table = labels_csv(tmp_path, draw)
    draw(tmp_path / "d.png")
    for label, malignant in (("ambiguous", None), ("benign", False), ("malignant", True)):
        table.write_text(f"file,patient,label,boxes\na.png,P1,normal,\nd.png,P9,{label},\n")
        assert [film.malignant for film in read_data_set(table).items] == [False, malignant]
        with pytest.raises(ValueError, match=rf"d.png: a {label} film without boxes"):
            own_films([table])
    table.write_text("file,patient,label,boxes\na.png,P1,normal,\nd.png,P9,ambiguous,60 200 100 260\n")
    assert [film.malignant for film in own_films([table])] == [False, None]
    table.write_text(table.read_text().replace("boxes", "box"))
    done = check(table)
    assert (done.exit_code, "without boxes of their masses: 1 film;" in done.stdout) == (0, True)
    assert "unused columns: box (" in done.stdout


def test_a_table_with_another_separator_shows_its_first_line(tmp_path):
    (tmp_path / "films.csv").write_text("file;patient;label\na.png;P1;normal\n")
    with pytest.raises(ValueError, match="its first line is file;patient;label; it needs file,patient,label"):
        read_data_set(tmp_path / "films.csv")


def test_coco(tmp_path, draw):
    draw(tmp_path / "images" / "a.png")
    draw(tmp_path / "b.png")
    document = {
        "images": [
            {"id": 1, "file_name": "a.png", "patient": "P1"},
            {"id": 2, "file_name": "b.png", "patient_id": 7},
            {"id": 3, "file_name": "b.png"},
        ],
        "annotations": [
            {"image_id": 1, "category_id": 5, "bbox": [60, 200, 40, 60], "segmentation": [[60, 200, 99, 200, 99, 259]]},
            {"image_id": 1, "category_id": 6, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6]]},
        ],
        "categories": [{"id": 5, "name": "malignant"}, {"id": 6, "name": "mass"}],
    }
    (tmp_path / "films.json").write_text(json.dumps(document))
    found = read_data_set(tmp_path / "films.json")
    marked, normal = found.items
    assert marked.boxes[0].tolist() == BOX
    assert marked.labels.tolist() == [MALIGNANT, MASS_OF_UNKNOWN_CLASS]
    assert marked.malignant is None
    assert marked.read_mask()[201, 80]
    assert (normal.patient, normal.malignant) == ("7", False)
    assert "no patient" in found.problems[0]
    del document["annotations"][1]["segmentation"]  # a mask without one of the masses would be wrong
    (tmp_path / "films.json").write_text(json.dumps(document))
    assert read_data_set(tmp_path / "films.json").items[0].read_mask is None
    document["categories"][0]["name"] = "cyst"
    (tmp_path / "films.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="'cyst'"):
        read_data_set(tmp_path / "films.json")


def test_cbis_ddsm_from_tcia(tmp_path, draw_dicom):
    name = "Mass-Training_P_00001_LEFT_CC"
    draw_dicom(tmp_path / "CBIS-DDSM" / name / "07-20-2016" / "1.0-full" / "1-1.dcm")
    part = tmp_path / "CBIS-DDSM" / f"{name}_1" / "07-21-2016" / "1.0-ROI"
    draw_dicom(part / "1-1.dcm", np.full((60, 40), 9, np.uint8), 8)
    draw_dicom(part / "1-2.dcm", mask_of(), 8)
    (tmp_path / "mass_case_description_train_set.csv").write_text(
        "patient_id,breast_density,left or right breast,image view,abnormality id,pathology,image file path\n"
        f"P_00001,3,LEFT,CC,1,BENIGN_WITHOUT_CALLBACK,{name}/1.3/1.4/000000.dcm\n"
        "P_00002,3,LEFT,CC,1,MALIGNANT,Mass-Training_P_00002_LEFT_CC/1.3/1.4/000000.dcm\n"
    )
    found = read_data_set(tmp_path)
    (film,) = found.items
    assert film.boxes.tolist() == [BOX]
    assert film.labels.tolist() == [BENIGN]
    assert film.attributes == {"view": "CC", "laterality": "L", "density": "3"}
    assert (film.read_mask() == mask_of()).all()
    assert film.read().shape == (600, 400)
    assert "P_00002" in found.problems[0]
    assert check(tmp_path).exit_code == 1
    (part / "1-1.dcm").write_bytes(b"cut off")
    table = tmp_path / "mass_case_description_train_set.csv"
    table.write_text(table.read_text() + "P_00003,3,LEFT,CC,1,BENIGN,\n")
    problems = read_data_set(tmp_path).problems
    assert "1-1.dcm: InvalidDicomError" in problems[0]
    assert len(problems) == 3


def test_inbreast(tmp_path, draw_dicom):
    draw_dicom(tmp_path / "AllDICOMs" / "20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm")
    corners = ["(60.0, 200.0)", "(100.0, 200.0)", "(100.0, 260.0)", "(60.0, 260.0)"]
    regions = [{"Name": "Mass", "Point_px": corners}, {"Name": "Calcification", "Point_px": ["(1, 2)"]}]
    (tmp_path / "AllXML").mkdir()
    (tmp_path / "AllXML" / "20586908.xml").write_bytes(plistlib.dumps({"Images": [{"ROIs": regions}]}))
    (tmp_path / "INbreast.csv").write_text(
        "Patient ID;Laterality;View;File Name;ACR;Bi-Rads\nremoved;R;CC;20586908;2;4a\nremoved;R;MLO;20586909;2;1\n"
    )
    found = read_data_set(tmp_path)
    (film,) = found.items
    assert film.patient == "6c613a14b80a8591"
    assert film.boxes.tolist() == [BOX]
    assert (film.labels.tolist(), film.malignant) == ([MALIGNANT], True)
    assert film.read_mask()[230, 80]
    assert "20586909" in found.problems[0]
    regions[0]["Point_px"] = ["(1.2.3, 4)"]
    for damaged in (b"<?xml version='1.0'?><plist><dict>", plistlib.dumps({"Images": [{"ROIs": regions}]})):
        (tmp_path / "AllXML" / "20586908.xml").write_bytes(damaged)
        found = read_data_set(tmp_path)
        assert not found.items
        assert "20586908.xml: " in found.problems[0]


def test_mias(tmp_path, draw_film):
    for number in (1, 2, 3):
        assert cv2.imwrite(str(tmp_path / f"mdb00{number}.pgm"), draw_film(1024, 1024, 8, seed=number))
    (tmp_path / "Info.txt").write_text(
        "INFORMATION\nmdb001 G CIRC B 535 425 197\nmdb002 G NORM\nmdb003 D SPIC M *NOTE 3*\nmdb004 D NORM\n"
    )
    found = read_data_set(tmp_path)
    circle, normal, unplaced = found.items
    assert circle.boxes.tolist() == [[535 - 197, 1024 - 425 - 197, 535 + 197, 1024 - 425 + 197]]
    assert circle.patient == normal.patient != unplaced.patient
    assert (circle.malignant, normal.attributes["class"]) == (False, "normal")
    assert (len(unplaced.boxes), unplaced.malignant) == (0, True)
    assert [is_unmarked(film) for film in found.items] == [False, False, True]
    assert "mdb004.pgm does not exist" in found.problems[0]
    (tmp_path / "mdb001.pgm").write_bytes(b"cut off")
    found = read_data_set(tmp_path)
    assert (len(found.items), "mdb001.pgm" in found.problems[0]) == (2, True)


def test_vindr(tmp_path, draw_dicom):
    draw_dicom(tmp_path / "images" / "study" / "image.dicom")
    (tmp_path / "breast-level_annotations.csv").write_text(
        "study_id,image_id,laterality,view_position,breast_birads,breast_density,split\n"
        "study,image,L,CC,BI-RADS 5,DENSITY C,training\nstudy,other,L,MLO,BI-RADS 1,DENSITY C,training\n"
    )
    (tmp_path / "finding_annotations.csv").write_text(
        "study_id,image_id,finding_categories,finding_birads,xmin,ymin,xmax,ymax\n"
        "study,image,\"['Mass', 'Skin Retraction']\",BI-RADS 5,60,200,100,260\n"
        "study,image,\"['Suspicious Calcification']\",BI-RADS 4,1,2,3,4\n"
    )
    found = read_data_set(tmp_path)
    (film,) = found.items
    assert film.boxes.tolist() == [BOX]
    assert (film.labels.tolist(), film.malignant, film.attributes["density"]) == ([MALIGNANT], True, "C")
    assert film.read().shape == (600, 400)
    assert "other.dicom does not exist" in found.problems[0]


def test_prepared_ddsm(tmp_path, draw):
    draw(tmp_path / "A_1234_1" / "LEFT_CC.png", 16)
    for i, box in enumerate(([1, 2, 9, 9], BOX)):
        cv2.imwrite(str(tmp_path / "A_1234_1" / f"LEFT_CC.mask{i}.png"), mask_of(box=box))
    marks = [
        {"lesion": ["CALCIFICATION TYPE PUNCTATE"], "pathology": "BENIGN", "box": [1, 2, 9, 9]},
        {"lesion": ["MASS SHAPE OVAL"], "pathology": "MALIGNANT", "box": BOX},
    ]
    film = {"width": 400, "height": 600, "microns": 43.5, "abnormalities": marks}
    case = {"name": "A_1234_1", "density": 3, "films": {"LEFT_CC": film}}
    (tmp_path / "A_1234_1" / "case.json").write_text(json.dumps(case))
    (found,) = read_data_set(tmp_path).items
    assert found.boxes.tolist() == [BOX]
    assert found.labels.tolist() == [MALIGNANT]
    assert (found.read_mask() == mask_of()).all()
    assert found.attributes == {"laterality": "L", "view": "CC", "density": "3", "mm_per_pixel": "0.0435"}
    assert check(tmp_path).exit_code == 0


def test_film_of_prepared_ddsm_is_open_where_a_calcification_may_be_malignant(tmp_path, draw):
    draw(tmp_path / "A_1" / "LEFT_CC.png", 16)
    calcification, mass = (
        {"lesion": [kind], "box": BOX} for kind in ("CALCIFICATION TYPE PUNCTATE", "MASS SHAPE OVAL")
    )
    for of_calcification, of_mass, malignant in (
        ("MALIGNANT", None, None),
        ("BENIGN", None, False),
        ("MALIGNANT", "MALIGNANT", True),
        ("UNPROVEN", "BENIGN", None),
        ("BENIGN", "UNPROVEN", None),
    ):
        marks = [{**calcification, "pathology": of_calcification}]
        marks += [{**mass, "pathology": of_mass}] if of_mass else []
        film = {"width": 400, "height": 600, "microns": 43.5, "abnormalities": marks}
        case = {"name": "A_1", "density": 3, "films": {"LEFT_CC": film}}
        (tmp_path / "A_1" / "case.json").write_text(json.dumps(case))
        assert read_data_set(tmp_path).items[0].malignant is malignant


def test_what_is_no_data_set_is_told_the_known_layouts(tmp_path):
    done = check(tmp_path)
    assert done.exit_code == 1
    for name, reader in readers().items():
        assert f"{name}: " in done.stderr
        assert reader.recognises(tmp_path) is False
    (tmp_path / "index.csv").write_bytes(b"\xff\n")
    assert "known layouts" in check(tmp_path).stderr
    assert check(tmp_path, "--layout", "nothing").exit_code == 1
