"""Uploads are refused before the disk of the objects is full, and what was accepted goes on."""

import pytest

from lobule.storage.base import Space


@pytest.fixture
def app(make_app, monkeypatch):
    app = make_app(reserve_bytes=1000)
    monkeypatch.setattr(app.state.store, "space", lambda: Space(10_000, app.state.free))
    app.state.free = 1000
    return app


def test_what_cannot_be_finished_is_not_begun(app, client, alice, upload, picture, worker):
    accepted = upload(picture(0)).json()
    app.state.free = 999
    for answer in (
        upload(picture(1)),
        client.post("/api/v1/previews", headers=alice, files={"file": ("a.png", picture(2))}),
        client.post(
            "/dicom-web/studies",
            headers={**alice, "Content-Type": 'multipart/related; type="application/dicom"; boundary=b'},
            content=b"--b\r\nContent-Type: application/dicom\r\n\r\nx\r\n--b--\r\n",
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    worker.infer(accepted["job"]["id"])
    worker.render(accepted["job"]["id"])
    app.state.free = 1000
    assert upload(picture(1)).status_code == 202


@pytest.mark.parametrize("path", ["/api/v1/images", "/api/v1/previews", "/dicom-web/studies"])
def test_what_uses_up_the_space_meanwhile_is_refused(app, client, alice, monkeypatch, tmp_path, path):
    """A request may go on for hours, with others beside it that were begun while there was space."""
    free = iter([1000] * 2)
    monkeypatch.setattr(app.state.store, "space", lambda: Space(10_000, next(free, 999)))
    if path == "/dicom-web/studies":
        head, end = b"--b\r\nContent-Type: application/dicom\r\n\r\n", b"\r\n--b--\r\n"
        kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        answer = client.post(path, headers={**alice, **kind}, content=head + bytes(4 << 20) + end)
    else:
        form = {"modality": "histopathology"}
        answer = client.post(path, headers=alice, data=form, files={"file": ("a.png", bytes(4 << 20))})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not [file for file in (tmp_path / "objects").rglob("*") if file.is_file()]


def test_operators_are_told(app, client):
    app.state.readiness.kept_s = 0
    assert client.get("/readyz").json()["space"] is True
    app.state.free = 999
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["space"]) == (200, "degraded", False)
    metrics = client.get("/metrics").text
    assert "lobule_store_free_bytes 999.0" in metrics
    assert "lobule_store_reserve_bytes 1000.0" in metrics
