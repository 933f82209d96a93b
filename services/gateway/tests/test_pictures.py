import gzip
import json

import pytest
from redis import Redis

from gateway.pictures import service
from lobule.contracts.pictures import PictureFacts, Samples
from lobule.contracts.progress import StepError
from lobule.progress_cache import ProgressCache
from lobule.redis_address import connect
from lobule.words import Words

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

PREVIEWS = "/api/v1/previews"


@pytest.fixture
def preview(client, alice, picture):
    """A preview of Alice's that is being drawn: its id."""
    answer = client.post(PREVIEWS, headers=alice, files={"file": ("film.dcm", picture())})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def calls(redis_url):
    """What waits in the report service's queue: (key, prefix, kind)."""
    messages = Redis.from_url(redis_url).lrange("pictures", 0, -1)
    tasks = [json.loads(message) for message in messages]
    return [eval(task["headers"]["argsrepr"]) for task in tasks if task["headers"]["task"] == "lobule.picture"]


def draw(app, prefix, facts, **files):
    """Play the report service."""
    for name, content in files.items():
        app.state.store.put(f"{prefix}/{name.replace('_', '.')}", content)
    app.state.store.put(f"{prefix}/facts.json", facts.model_dump_json().encode())


def alices_folder(app):
    folders = list((app.state.store.inner.root / "previews").iterdir())
    assert len(folders) == 1
    return f"previews/{folders[0].name}"


class TestPreview:
    def test_asks_the_report_service_and_keeps_the_file_for_it(self, app, preview, clean_redis, picture):
        ((key, prefix, kind),) = calls(clean_redis)
        assert (prefix, kind) == (f"{alices_folder(app)}/{preview}", "preview")
        assert app.state.store.get(key) == picture()

    def test_as_many_as_a_user_may_have(self, client, alice, headers_of, picture, monkeypatch):
        monkeypatch.setattr(service, "MAX_PREVIEWS", 2)
        send = lambda who=alice: client.post(PREVIEWS, headers=who, files={"file": ("film.dcm", picture())})  # noqa: E731
        made = [send().json()["id"] for _ in range(2)]
        assert (send().status_code, send().json()["code"]) == (429, "queue_full")
        assert send().headers["Retry-After"]
        assert send(headers_of("bob")).status_code == 202, "others are not held up"
        client.delete(f"{PREVIEWS}/{made[0]}", headers=alice)
        assert send().status_code == 202

    def test_is_there_once_it_is_drawn(self, client, app, alice, preview):
        here = f"{PREVIEWS}/{preview}"
        waiting = client.get(here, headers=alice).json()
        assert (waiting["state"], waiting["facts"]) == ("drawing", None)
        assert waiting["poll_after_ms"] > 0
        assert client.get(f"{here}/picture", headers=alice).json()["code"] == "picture_not_ready"
        draw(app, f"{alices_folder(app)}/{preview}", PictureFacts(width=9, height=8, view="CC"), preview_jpg=b"jpeg")
        drawn = client.get(here, headers=alice).json()
        assert (drawn["state"], drawn["facts"]["view"], drawn["poll_after_ms"]) == ("ready", "CC", None)
        assert client.get(f"{here}/picture", headers=alice).content == b"jpeg"

    def test_says_what_is_wrong_with_the_file(self, client, app, alice, preview):
        error = StepError(code="image_truncated", reason="pixels", detail="It was cut off.")
        draw(app, f"{alices_folder(app)}/{preview}", PictureFacts(error=error))
        drawn = client.get(f"{PREVIEWS}/{preview}", headers={**alice, "Accept-Language": "zh"}).json()
        said = error.model_copy(update={"detail": Words("zh")("errors.image_truncated.pixels")})
        assert (drawn["state"], drawn["facts"]["error"]) == ("failed", said.model_dump())

    def test_is_nobody_elses(self, client, app, preview, headers_of):
        draw(app, f"{alices_folder(app)}/{preview}", PictureFacts(width=9, height=8), preview_jpg=b"jpeg")
        bob = headers_of("bob")
        assert client.get(f"{PREVIEWS}/{preview}", headers=bob).json()["state"] == "drawing"
        assert client.get(f"{PREVIEWS}/{preview}/picture", headers=bob).status_code == 409
        assert client.delete(f"{PREVIEWS}/{preview}", headers=bob).status_code == 204
        assert app.state.store.get(f"{alices_folder(app)}/{preview}/original")

    def test_is_forgotten_on_request(self, client, app, alice, preview):
        assert client.delete(f"{PREVIEWS}/{preview}", headers=alice).status_code == 204
        assert list((app.state.store.inner.root / alices_folder(app)).iterdir()) == []

    def test_is_forgotten_after_an_hour(self, client, app, alice, picture, preview, monkeypatch):
        monkeypatch.setattr("lobule.progress_cache.time.time", lambda: 10**10)
        client.post(PREVIEWS, headers=alice, files={"file": ("other.png", picture(9))})
        left = [path.name for path in (app.state.store.inner.root / alices_folder(app)).iterdir()]
        assert preview not in left
        assert len(left) == 1

    def test_too_large_a_file_is_refused(self, client, app, alice):
        app.state.settings.max_upload_bytes = 1000
        answer = client.post(PREVIEWS, headers=alice, files={"file": ("a.tif", bytes(5000))})
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")

    def test_needs_a_login(self, client, picture):
        assert client.post(PREVIEWS, files={"file": ("a.png", picture())}).status_code == 401

    def test_without_redis_it_says_so_and_keeps_nothing(self, client, app, alice, picture):
        app.state.pictures._cache = ProgressCache(connect("unix:///nowhere.sock"))
        answer = client.post(PREVIEWS, headers=alice, files={"file": ("a.png", picture())})
        assert (answer.status_code, answer.json()["code"]) == (503, "redis_unavailable")
        assert list((app.state.store.inner.root / alices_folder(app)).iterdir()) == []


class TestFilm:
    @pytest.fixture
    def film(self, upload):
        image = upload(modality="mammography").json()["image"]["id"]
        return f"/api/v1/images/{image}/film", f"images/{image}/film"

    def test_is_asked_for_once(self, client, alice, film, clean_redis):
        for _ in range(3):
            assert client.get(film[0], headers=alice).json()["state"] == "drawing"
        assert [(prefix, kind) for _, prefix, kind in calls(clean_redis)] == [(film[1], "samples")]

    def test_samples_come_as_they_are(self, client, app, alice, film):
        samples = Samples(width=2, height=1, offset=0, step=1, low=0, high=9)
        content = bytes([1, 2, 3, 4])
        draw(app, film[1], PictureFacts(width=2, height=1, samples=samples), samples_u16=gzip.compress(content))
        assert client.get(film[0], headers=alice).json()["facts"]["samples"]["high"] == 9
        answer = client.get(f"{film[0]}/samples", headers=alice)
        assert answer.content == content
        assert answer.headers["Cache-Control"].startswith("private")

    def test_a_film_without_more_depth_has_none(self, client, app, alice, film):
        draw(app, film[1], PictureFacts(width=2, height=1))
        assert client.get(film[0], headers=alice).json()["facts"]["samples"] is None
        assert client.get(f"{film[0]}/samples", headers=alice).status_code == 409

    def test_another_users_film_is_not_found(self, client, headers_of, film):
        assert client.get(film[0], headers=headers_of("bob")).status_code == 404
        assert client.get(f"{film[0]}/samples", headers=headers_of("bob")).status_code == 404
