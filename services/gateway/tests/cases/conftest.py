"""A film of a case, and the case's row in the list."""

import pytest


@pytest.fixture
def row(client, alice, case):
    def find():
        items = client.get("/api/v1/cases", headers=alice).json()["items"]
        return next(item for item in items if item["id"] == case)

    return find


@pytest.fixture
def uploaded(upload, picture, case):
    """Adds a film to the case; returns the response to its upload."""

    def add(colour: int, **fields) -> dict:
        answer = upload(picture(colour), modality="mammography", case_id=case, name=f"{colour}.png", **fields)
        assert answer.status_code == 202, answer.text
        return answer.json()

    return add


@pytest.fixture
def film(uploaded):
    """Adds a film to the case; returns its job's id."""
    return lambda colour, **fields: uploaded(colour, **fields)["job"]["id"]
