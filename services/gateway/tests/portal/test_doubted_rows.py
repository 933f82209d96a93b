"""What of a field is in doubt is said in its row of the worklist."""

import pytest

from lobule.words import make_notice


@pytest.mark.parametrize(
    ("notice", "field", "mark"),
    [
        (make_notice("unlike_training"), "unlike_training", "Unfamiliar tissue"),
        (make_notice("tumour_map_disagrees", percent="63%"), "map_disagrees", "See tumour map"),
    ],
)
def test_a_doubt_of_a_field_is_said_in_the_row(portal, client, alice, study, picture, notice, field, mark):
    def said() -> tuple[bool, bool]:
        [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
        return case[field], f">{mark}<" in portal.get("/").text

    study.add(picture(1), modality="histopathology")
    assert said() == (False, False)
    study.add(picture(2), modality="histopathology", notices=[notice])
    assert said() == (True, True)
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert [case[each] for each in ("unlike_training", "map_disagrees")].count(True) == 1
    for image in client.get(f"/api/v1/cases/{case['id']}", headers=alice).json()["images"]:
        newest = client.post(f"/api/v1/images/{image['id']}/jobs", headers=alice).json()["id"]
        assert said() == (True, True), "until an analysis that is repeated says otherwise"
        client.post(f"/api/v1/jobs/{newest}/cancel", headers=alice)
        assert said() == (True, True)
