"""Readers of data sets that are damaged: each fault is named with its film, and the other films are read."""

import json

import cv2
import numpy as np

from mammo_worker.data.readers import read_data_set


def test_normal_film_may_have_an_empty_mask(tmp_path, draw_film):
    cv2.imwrite(str(tmp_path / "a.png"), draw_film(600, 400, 8))
    mask = np.zeros((600, 400), np.uint8)
    (tmp_path / "films.csv").write_text("file,patient,label,mask\na.png,P1,normal,mask.png\n")
    for marked, problems in ((0, 0), (255, 1)):
        mask[200:260, 60:100] = marked
        cv2.imwrite(str(tmp_path / "mask.png"), mask)
        assert len(read_data_set(tmp_path / "films.csv").problems) == problems


def test_damaged_images_of_coco_are_named(tmp_path, draw_film):
    cv2.imwrite(str(tmp_path / "b.png"), draw_film(600, 400, 8))
    whole = {"id": 1, "file_name": "b.png", "patient": "P1"}
    marked = {"image_id": 1, "category_id": 5, "bbox": None}
    for images, annotations, words in (
        ([whole, {"id": 2, "file_name": None}], [], "image None"),
        ([whole, "b.png"], [], "image b.png"),
        ([{**whole, "id": 2}, whole], [marked], "image b.png"),
    ):
        document = {"images": images, "annotations": annotations, "categories": [{"id": 5, "name": "mass"}]}
        (tmp_path / "films.json").write_text(json.dumps(document))
        found = read_data_set(tmp_path / "films.json")
        assert len(found.items) == 1
        assert words in found.problems[0]


def test_damaged_values_of_vindr_are_named_with_their_film(tmp_path, draw_film, write_dicom):
    (tmp_path / "images" / "study").mkdir(parents=True)
    write_dicom(tmp_path / "images" / "study" / "image.dicom", draw_film(600, 400, 12), 12)
    for grade, categories, words in (
        ("", "['Mass']", "its BI-RADS is ''"),
        ("BI-RADS 5", "['Mass", "line 2, film image"),
    ):
        (tmp_path / "breast-level_annotations.csv").write_text(
            "study_id,image_id,laterality,view_position,breast_birads,breast_density,split\n"
            f"study,image,L,CC,{grade},DENSITY C,training\n"
        )
        (tmp_path / "finding_annotations.csv").write_text(
            "study_id,image_id,finding_categories,finding_birads,xmin,ymin,xmax,ymax\n"
            f'study,image,"{categories}",BI-RADS 5,60,200,100,260\n'
        )
        found = read_data_set(tmp_path)
        assert not found.items
        assert words in found.problems[0]
