"""The same image uploaded again."""

import threading

import pytest
from object_files import stored_files
from sqlalchemy import event, update

from gateway.images import repository
from gateway.images.models import Image


def test_a_duplicate_is_led_to_what_exists(app, upload, headers_of, picture):
    first = upload().json()
    again = upload()
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_image")
    assert again.json()["existing_job_id"] == first["job"]["id"]
    assert again.json()["existing_image_id"] == first["image"]["id"]
    assert len(stored_files(app)) == 1, "the second copy is gone"
    assert upload(headers=headers_of("bob")).status_code == 202, "another user knows nothing of it"


class TestEncrypted:
    @pytest.fixture
    def app(self, make_app):
        return make_app(master_key="a master key of the tests, 0123456789")

    def test_of_a_refused_upload_neither_its_folder_nor_its_key_is_left(self, app, upload):
        answers = [upload(), upload(), upload(b"no picture" * 20)]
        assert [answer.status_code for answer in answers] == [202, 409, 415]
        image = answers[0].json()["image"]["id"]
        root = app.state.store.inner.root
        for folder in (root / "images", root / "keys" / "images"):
            assert [path.name for path in folder.iterdir()] == [image]


class TestTwins:
    """The same film may belong to several cases."""

    @pytest.fixture
    def case(self, client, alice):
        return lambda name: client.post("/api/v1/cases", headers=alice, json={"pseudonym": name}).json()["id"]

    def test_another_case_takes_it_and_is_told(self, upload, case):
        one, other = case("P-1"), case("P-2")
        first = upload(case_id=one).json()
        assert first["also_in"] == []
        second = upload(case_id=other).json()
        assert second["image"]["id"] != first["image"]["id"]
        twin = {"image_id": first["image"]["id"], "job_id": first["job"]["id"], "case_id": one, "pseudonym": "P-1"}
        assert second["also_in"] == [twin]
        again = upload(case_id=other).json()
        assert (again["code"], again["existing_job_id"]) == ("duplicate_image", second["job"]["id"])

    def test_who_names_no_case_is_led_to_what_exists(self, upload, case):
        in_case = upload(case_id=case("P-1")).json()
        assert upload().json()["existing_job_id"] == in_case["job"]["id"]

    def test_a_single_image_may_join_a_case(self, upload, case):
        single = upload().json()
        joined = upload(case_id=case("P-1")).json()
        assert [twin["pseudonym"] for twin in joined["also_in"]] == [None]
        assert upload().json()["existing_job_id"] == single["job"]["id"], "the one that was sent in the same way"

    def test_moving_makes_no_second_one(self, client, alice, upload, case):
        one, other = case("P-1"), case("P-2")
        image = upload(case_id=one).json()["image"]["id"]
        upload(case_id=other)
        moved = client.patch(f"/api/v1/images/{image}", json={"case_id": other}, headers=alice)
        assert (moved.status_code, moved.json()["code"]) == (409, "duplicate_image")


@pytest.mark.parametrize("in_case", [False, True])
def test_two_uploads_at_once_make_one_image(app, client, alice, upload, in_case):
    answers = []
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P"}).json()["id"] if in_case else ""
    threads = [threading.Thread(target=lambda: answers.append(upload(case_id=case).status_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202, 409, 409, 409]
    assert len(stored_files(app)) == 1


def test_an_upload_does_not_search_all_images_of_its_owner(app, upload):
    """Its hash is looked up, in rows that a gateway of the version before wrote as well."""
    id_of = upload().json()["image"]["id"]
    asked: list[tuple[str, tuple]] = []
    with app.state.sessions() as session:
        image = session.get_one(Image, id_of)
        connection = session.connection()
        listened = (connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        event.listen(*listened)
        assert repository.twins(session, image.owner_id, image.modality, image.sha256) == [image]
        event.remove(*listened)
        for query, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
            assert "sha256=?" in plan[0][-1]
        session.execute(update(Image).values(received_sha256=None, stored_sha256="old"))
        assert repository.twins(session, image.owner_id, image.modality, "old") == [image]
