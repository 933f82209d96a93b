"""A body may arrive for hours. What it brings is refused if its sender has lost their access meanwhile."""

from uuid import uuid4

import pydicom
import pytest
from pydicom.uid import generate_uid
from sqlalchemy import func, select, update
from starlette.concurrency import run_in_threadpool

from gateway.cases.models import Case
from gateway.clock import now
from gateway.dicomweb import endpoints as stow
from gateway.images.models import Image
from gateway.uploads import service
from gateway.users.models import User


@pytest.fixture
def alice_id(client, alice):
    return client.get("/api/v1/users/me", headers=alice).json()["id"]


@pytest.fixture
def program(client, alice):
    """The headers of an API token of Alice's, and how she revokes it."""
    made = client.post("/api/v1/tokens", headers=alice, json={"name": "bridge", "scopes": ["read", "write"]}).json()
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    return bearer, lambda: client.delete(f"/api/v1/tokens/{made['id']}", headers=alice)


def change(client, alice_id, root, **changes):
    return lambda: client.patch(f"/api/v1/users/{alice_id}", headers=root, json=changes)


@pytest.fixture
def meanwhile(monkeypatch):
    """Has something happen while a body is received."""

    def arrange(act):
        receive, receive_instances = service.receive, stow.receive_instances

        async def receive_and_act(*arguments):
            received = await receive(*arguments)
            assert (await run_in_threadpool(act)).status_code in (200, 204)
            return received

        async def act_and_receive(*arguments):
            assert (await run_in_threadpool(act)).status_code in (200, 204)
            await receive_instances(*arguments)

        monkeypatch.setattr(service, "receive", receive_and_act)
        monkeypatch.setattr(stow, "receive_instances", act_and_receive)

    return arrange


@pytest.fixture
def film(draw_film, write_dicom, tmp_path):
    said = {"StudyInstanceUID": generate_uid(), "ImageLaterality": "R", "ViewPosition": "CC", "PatientID": "P1"}
    path = write_dicom(tmp_path / f"{uuid4()}.dcm", draw_film(seed=1), 12, **said)
    read = pydicom.dcmread(path)
    read.SOPInstanceUID = read.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    read.save_as(path)
    return path.read_bytes()


def is_empty(app) -> bool:
    with app.state.sessions() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Image, Case)]
    return counts == [0, 0] and not list(app.state.store.entries("images"))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [({"active": False}, 401, "token_invalid"), ({"role": "reader"}, 401, "token_invalid")],
)
def test_an_upload_of_a_user_who_lost_access(app, client, upload, alice_id, root, meanwhile, changes, status, code):
    meanwhile(change(client, alice_id, root, **changes))
    answer = upload()
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert is_empty(app)


def test_an_upload_with_a_revoked_api_token(app, upload, program, meanwhile):
    bearer, revoke = program
    meanwhile(revoke)
    answer = upload(headers=bearer)
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (401, "token_invalid", "api_token")
    assert is_empty(app)


def test_an_upload_with_an_api_token_of_a_user_who_may_not_upload_any_more(
    app, client, upload, program, alice_id, root, meanwhile
):
    meanwhile(change(client, alice_id, root, role="reader"))
    answer = upload(headers=program[0])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert is_empty(app)


def test_an_upload_after_another_password(app, client, upload, alice_id, meanwhile):
    """A reset ends all that goes on without the new one."""

    def reset():
        with app.state.sessions.begin() as session:
            session.execute(update(User).where(User.id == alice_id).values(access_ended_at=now()))
        return client.get("/healthz")

    meanwhile(reset)
    assert upload().json()["code"] == "token_invalid"
    assert is_empty(app)


def test_instances_of_a_revoked_api_token(app, client, program, film, meanwhile):
    bearer, revoke = program
    meanwhile(revoke)
    content = b"--frontier\r\nContent-Type: application/dicom\r\n\r\n" + film + b"\r\n--frontier--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=frontier'
    answer = client.post("/dicom-web/studies", content=content, headers=bearer | {"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert is_empty(app)


def test_an_upload_of_a_user_who_keeps_access(client, upload, alice_id, root, meanwhile):
    meanwhile(change(client, alice_id, root, display_name="Dr Alice"))
    assert upload().status_code == 202
