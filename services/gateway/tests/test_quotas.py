"""How many analyses one user and one token may have waiting, however they are asked for."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from fastapi.testclient import TestClient
from node_report import told
from object_files import stored_files
from sqlalchemy import text

from gateway.auth import api_tokens
from gateway.cases import view_endpoints
from gateway.groups import service as groups
from gateway.jobs import service
from gateway.nodes import endpoints as nodes
from gateway.pictures import service as pictures


@pytest.fixture
def app(make_app):
    return make_app(waiting_per_user=3, waiting_per_token=2)


@pytest.fixture
def token(client, alice):
    def make(name):
        made = client.post("/api/v1/tokens", json={"name": name, "scopes": ["read", "write"]}, headers=alice)
        assert made.status_code == 201, made.text
        return {"Authorization": f"Bearer {made.json()['secret']}"}

    return make


def test_a_user_has_a_quota_and_others_do_not_wait(upload, picture, headers_of, worker):
    accepted = [upload(picture(number)) for number in range(3)]
    assert [answer.status_code for answer in accepted] == [202] * 3
    refused = upload(picture(3))
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (429, "queue_full", "user")
    assert refused.json()["values"]["most"] == 3
    assert 1 <= int(refused.headers["retry-after"]) == refused.json()["values"]["seconds"] <= 300
    assert upload(picture(3), headers_of("bob")).status_code == 202
    worker.infer(accepted[0].json()["job"]["id"])
    assert upload(picture(3)).status_code == 202, "one is no longer waiting"


class TestTwoAtOnce:
    @pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def app(self, request, make_app):
        url = request.getfixturevalue("migrated_postgres_url") if request.param == "postgres" else None
        return make_app(url, waiting_per_user=1)

    @pytest.fixture
    def at_once(self, monkeypatch):
        """Sends two requests that meet where they call a function, unless one waits for the other before."""

        def send(request, module, name: str) -> list[int]:
            counted, call = threading.Barrier(2), getattr(module, name)

            def met(*given):
                with suppress(threading.BrokenBarrierError):
                    counted.wait(timeout=0.5)
                return call(*given)

            monkeypatch.setattr(module, name, met)
            with ThreadPoolExecutor(2) as both:
                return sorted(answer.status_code for answer in both.map(request, (0, 1)))

        return send

    def test_uploads_do_not_share_the_last_place(self, upload, picture, at_once):
        assert at_once(lambda number: upload(picture(number)), service, "publish") == [202, 429]

    def test_nor_do_previews(self, client, app, alice, picture, at_once, monkeypatch):
        monkeypatch.setattr(pictures, "MAX_PREVIEWS", 2)

        def preview(number: int):
            files = {"file": ("a.png", picture(number))}
            return client.post("/api/v1/previews", headers=alice, files=files)

        assert preview(0).status_code == 202
        answers = at_once(preview, pictures.PictureService, "remember_preview")
        assert answers in ([202, 429], [429, 429]), "both may be refused, but not both accepted"
        kept = app.state.progress_cache.scheduled_below("previews/")
        assert kept == 1 + answers.count(202)
        assert len({path.parts[-2] for path in stored_files(app)}) == kept, "nothing is left of what was refused"

    def test_nor_do_tokens(self, client, alice, at_once, monkeypatch):
        monkeypatch.setattr(api_tokens, "MOST_TOKENS", 1)

        def make(number: int):
            return client.post("/api/v1/tokens", json={"name": str(number), "scopes": ["read"]}, headers=alice)

        assert at_once(make, api_tokens, "hash_secret") == [201, 409]

    def test_nor_do_views(self, client, alice, at_once, monkeypatch):
        monkeypatch.setattr(view_endpoints, "_MOST", 1)

        def save(number: int):
            return client.post("/api/v1/views", json={"name": str(number), "query": "q=1"}, headers=alice)

        assert at_once(save, view_endpoints, "_kept") == [201, 409]

    def test_nor_does_a_program_join_two_groups(self, client, new_user, headers_of, at_once):
        """What it sends would be shared with none of them."""
        new_user("pacs", role="service")
        root = headers_of("root")
        ids = [client.post("/api/v1/groups", json={"name": name}, headers=root).json()["id"] for name in ("A", "B")]

        def join(number: int):
            return client.put(f"/api/v1/groups/{ids[number]}/members/pacs", headers=root)

        assert at_once(join, groups, "publish") == [200, 409]

    def test_nor_do_tasks_of_a_node(self, client, new_user, headers_of, at_once, monkeypatch):
        new_user("pacs", role="service")
        root = headers_of("root")
        exchange = {"report": told(), "outcomes": []}
        assert client.post("/api/v1/nodes/report", json=exchange, headers=headers_of("pacs")).status_code == 200
        [node] = client.get("/api/v1/nodes", headers=root).json()
        monkeypatch.setattr(nodes, "_MOST_OPEN", 1)

        def ask(_number: int):
            task = {"kind": "echo", "peer": "PACS"}
            return client.post(f"/api/v1/nodes/{node['id']}/tasks", json=task, headers=root)

        assert at_once(ask, nodes, "record") == [202, 409]


def test_each_token_has_a_quota_of_its_own(upload, picture, token):
    first, second = token("first"), token("second")
    assert [upload(picture(number), first).status_code for number in range(2)] == [202, 202]
    refused = upload(picture(2), first)
    assert (refused.status_code, refused.json()["reason"]) == (429, "token")
    assert upload(picture(2), second).status_code == 202


def test_retry_after_follows_the_age_of_the_queue(app, upload, picture):
    for number in range(3):
        upload(picture(number))
    with app.state.sessions.begin() as session:
        session.execute(text("UPDATE steps SET queued_at = datetime('now', '-90 seconds') WHERE state = 'queued'"))
    assert int(upload(picture(3)).headers["retry-after"]) in (30, 31), "three in 90 seconds"


def test_nothing_of_a_refused_file_is_stored(app, upload, picture):
    for number in range(3):
        upload(picture(number))
    before = {entry.key for entry in app.state.store.entries("images")}
    assert upload(picture(3)).status_code == 429
    assert {entry.key for entry in app.state.store.entries("images")} == before


def test_diagnose_is_refused_alike(app, client: TestClient, upload, picture):
    for number in range(3):
        upload(picture(number))
    form = {"username": "alice", "password": "correct horse battery staple"}
    refused = client.post("/api/v1/diagnose", data=form, files={"file": ("a.png", picture(3))})
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")


class TestWhoeverAsks:
    """Each way to an analysis is refused alike: three wait."""

    @pytest.fixture
    def images(self, upload, picture):
        return [upload(picture(number)).json() for number in range(3)]

    @pytest.fixture
    def refused(self):
        def check(answer):
            assert (answer.status_code, answer.json()["code"]) == (429, "queue_full"), answer.text

        return check

    def test_an_image_is_analysed_again(self, client, alice, images, upload, picture, refused):
        assert client.post(f"/api/v1/jobs/{images[0]['job']['id']}/cancel", headers=alice).status_code == 200
        assert upload(picture(3)).status_code == 202
        refused(client.post(f"/api/v1/images/{images[0]['image']['id']}/jobs", headers=alice))

    def test_an_image_of_another_modality_is_analysed_again(self, client, alice, images, upload, picture, refused):
        path = f"/api/v1/images/{images[0]['image']['id']}"
        assert client.patch(path, json={"modality": "mammography"}, headers=alice).status_code == 200, "one for one"
        assert client.get(path, headers=alice).json()["modality"] == "mammography"
        refused(upload(picture(3)))

    def test_a_job_is_started_again(self, client, alice, images, upload, picture, refused):
        path = f"/api/v1/jobs/{images[0]['job']['id']}"
        assert client.post(f"{path}/cancel", headers=alice).status_code == 200
        assert upload(picture(3)).status_code == 202
        refused(client.post(f"{path}/retry", headers=alice))

    def test_an_opinion_of_a_region(self, client, alice, images, case, upload, picture, worker, refused):
        assert client.post(f"/api/v1/jobs/{images[0]['job']['id']}/cancel", headers=alice).status_code == 200
        film = upload(picture(9), modality="mammography", case_id=case, laterality="R", view="CC").json()
        worker.infer(film["job"]["id"])
        assert upload(picture(3)).status_code == 202
        said = {"image_id": film["image"]["id"], "kind": "mass", "shape": "box"}
        said["box"] = {"x": 1, "y": 2, "width": 6, "height": 4}
        path = f"/api/v1/cases/{case}/reader-findings/{uuid.uuid4()}"
        assert client.put(path, json=said, headers=alice).status_code == 200
        refused(client.post(f"{path}/opinion", headers=alice))

    def test_films_of_the_sample_case(self, client, alice, images, refused):
        refused(client.post("/api/v1/sample-case", headers=alice))
        assert client.get("/api/v1/cases", headers=alice).json()["items"] == [], "no case without films is left"
        assert client.post(f"/api/v1/jobs/{images[0]['job']['id']}/cancel", headers=alice).status_code == 200
        refused(client.post("/api/v1/sample-case", headers=alice))
        [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
        assert (case["images"], case["sample"]) == (1, True)
        assert client.post(f"/api/v1/jobs/{images[1]['job']['id']}/cancel", headers=alice).status_code == 200
        refused(client.post("/api/v1/sample-case", headers=alice))
        [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
        assert case["images"] == 2

    def test_only_who_asks_is_counted(self, client, alice, case, colleague, images, upload, picture, refused):
        carol = colleague(case)
        for number in range(3):
            assert upload(picture(4 + number), headers=carol, case_id=case).status_code == 202, (
                "Alice has three already"
            )
        refused(upload(picture(7), headers=carol, case_id=case))
        assert client.post(f"/api/v1/jobs/{images[0]['job']['id']}/cancel", headers=alice).status_code == 200
        assert upload(picture(8)).status_code == 202, "Carol's do not count as Alice's"

    def test_an_image_has_so_many_analyses_and_no_more(self, client, alice, images, worker, monkeypatch):
        monkeypatch.setattr(service, "MAX_ANALYSES", 2)
        path, first = f"/api/v1/images/{images[0]['image']['id']}", images[0]["job"]["id"]
        worker.infer(first)
        second = client.post(f"{path}/jobs", headers=alice)
        assert second.status_code == 202
        worker.infer(second.json()["id"])
        for refused in (
            client.post(f"{path}/jobs", headers=alice),
            client.patch(path, json={"um_per_pixel": 0.5}, headers=alice),
            client.patch(path, json={"modality": "mammography"}, headers=alice),
        ):
            assert (refused.status_code, refused.json()["code"]) == (409, "too_many_analyses")
        kept = client.get(path, headers=alice).json()
        assert (kept["modality"], kept["um_per_pixel"]) == ("histopathology", None), "nothing of it is changed"
        assert client.post(f"/api/v1/jobs/{first}/cancel", headers=alice).status_code == 200
        assert client.post(f"/api/v1/jobs/{first}/retry", headers=alice).status_code == 200

    def test_an_image_is_not_analysed_twice_at_once(self, client, alice, images):
        answer = client.post(f"/api/v1/images/{images[0]['image']['id']}/jobs", headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (409, "analysis_under_way")

    def test_stow(self, client, alice, images, refused):
        kind = 'multipart/related; type="application/dicom"; boundary=b'
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\nx\r\n--b--\r\n"
        answer = client.post("/dicom-web/studies", headers={**alice, "Content-Type": kind}, content=body)
        refused(answer)
        assert client.get("/api/v1/cases", headers=alice).json()["items"] == []
        assert int(answer.headers["retry-after"]) >= 1
