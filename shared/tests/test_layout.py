import pytest

from lobule import layout
from lobule.storage.base import checked_key


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (layout.upload_key(layout.image_folder("i1")), "images/i1/original"),
        (layout.file_key(layout.film_folder("i1"), layout.SAMPLES_FILE), "images/i1/film/samples.u16"),
        (layout.upload_key(layout.preview_folder("u1", "p1")), "previews/u1/p1/original"),
        (layout.result_key(layout.attempt_folder("j1", "inference", 2)), "jobs/j1/inference/2/result.json"),
        (layout.report_key(layout.attempt_folder("j1", "report", 1), "zh", "pdf"), "jobs/j1/report/1/report.zh.pdf"),
    ],
)
def test_keys_are_those_that_stores_hold_since_the_first_version(key, expected):
    assert key == expected
    assert checked_key(key) == key


@pytest.mark.parametrize("folder", [layout.image_folder("i1"), layout.work_folder("j1")])
def test_the_owner_of_an_object_is_read_from_its_key(folder):
    place = layout.place_of(f"{folder}/some/thing")
    assert place.owner in layout.OWNERS
    assert place.id in ("i1", "j1")
    assert place.folder == folder
