"""Claims in fair order: users take turns, and who waits at the portal goes before what programs sent."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.jobs.queues.lanes import INTERACTIVE_IN_A_ROW, Lane, in_order, steps_ahead

PASSWORD = "correct horse battery staple"
INTERNAL = "internal-token-of-the-tests-0123456789"
AT = datetime(2026, 1, 1, tzinfo=UTC)


class Queue:
    """A queue in memory that is served by the rule alone, a second for each start."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[str, bool], list[int]] = {}
        self.last_start: dict[tuple[str, bool], int] = {}
        self.started: list[tuple[str, bool]] = []
        self.clock = 0

    def add(self, owner: str, interactive: bool, count: int = 1) -> None:
        for _ in range(count):
            self.clock += 1
            self.waiting.setdefault((owner, interactive), []).append(self.clock)

    @property
    def recent(self) -> list[bool]:
        return [interactive for _, interactive in reversed(self.started)]

    def lanes(self) -> list[Lane]:
        found = [
            Lane(*key, len(times), AT + timedelta(seconds=times[0]), self._at(key))
            for key, times in self.waiting.items()
            if times
        ]
        return in_order(found, self.recent)

    def _at(self, key: tuple[str, bool]) -> datetime | None:
        last = self.last_start.get(key)
        return None if last is None else AT + timedelta(seconds=last)

    def start(self) -> tuple[str, bool]:
        first = self.lanes()[0]
        key = (first.owner_id, first.interactive)
        self.clock += 1
        self.waiting[key].pop(0)
        self.last_start[key] = self.clock
        self.started.append(key)
        return key


def filled(**counts: int) -> Queue:
    """A queue of `user_kind=count`."""
    queue = Queue()
    for name, count in counts.items():
        user, kind = name.split("_")
        queue.add(user, kind == "portal", count)
    return queue


def starts(queue: Queue, count: int) -> list[str]:
    return [
        "_".join((user, "portal" if interactive else "batch")) for user, interactive in map(_start(queue), range(count))
    ]


def _start(queue: Queue):
    return lambda _number: queue.start()


def test_users_take_turns():
    assert starts(filled(a_batch=300, b_batch=2), 5) == ["a_batch", "b_batch", "a_batch", "b_batch", "a_batch"]


def test_the_portal_goes_first_whoever_sent_the_batch():
    queue = filled(a_batch=300)
    starts(queue, 10)
    for user in ("b", "a", "b"):
        queue.add(user, True)
    assert starts(queue, 4) == ["b_portal", "a_portal", "b_portal", "a_batch"]


def test_one_start_in_eight_is_a_batch_s_however_busy_the_portal_is():
    queue = filled(a_portal=100, b_batch=100)
    assert Counter(starts(queue, 80)) == {"a_portal": 70, "b_batch": 10}


bursts = st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(1, 8))
operations = st.lists(bursts | st.none() | st.none(), max_size=80)
"""Steps that are added at once, or one that starts."""


@given(operations)
@settings(max_examples=200, deadline=None)
def test_users_take_turns_and_a_batch_goes_first_only_in_its_turn(operations):
    queue, overtaken = Queue(), Counter()
    for operation in operations:
        if operation is not None:
            queue.add(*operation)
            continue
        waiting = queue.lanes()
        if not waiting:
            continue
        user, interactive = queue.start()
        for lane in waiting:
            peer = (lane.owner_id, lane.interactive)
            if peer == (user, interactive):
                for key in [key for key in overtaken if key[0] == peer]:
                    del overtaken[key]
            elif lane.interactive == interactive:
                overtaken[peer, user] += 1
                assert overtaken[peer, user] <= 1, f"{user} started twice while {peer} waited"
        if not interactive and any(lane.interactive for lane in waiting):
            recent = [kind for _, kind in queue.started[-1 - INTERACTIVE_IN_A_ROW : -1]]
            assert recent == [True] * INTERACTIVE_IN_A_ROW


@given(operations, st.data())
@settings(max_examples=100, deadline=None)
def test_steps_ahead_is_what_starts_before_it(operations, data):
    queue = Queue()
    for operation in operations:
        if operation is not None:
            queue.add(*operation)
        elif queue.lanes():
            queue.start()
    if not queue.lanes():
        return
    own = data.draw(st.sampled_from(queue.lanes()))
    before = data.draw(st.integers(0, own.waiting - 1))
    told = steps_ahead(queue.lanes(), queue.recent, own, before)
    started = [queue.start() for _ in range(sum(lane.waiting for lane in queue.lanes()))]
    own_starts = [at for at, key in enumerate(started) if key == (own.owner_id, own.interactive)]
    assert told == own_starts[before]


class TestGateway:
    """The same through the internal API, on SQLite and on PostgreSQL."""

    @pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def app(self, request, make_app):
        return make_app(request.getfixturevalue("migrated_postgres_url") if request.param == "postgres" else None)

    @pytest.fixture
    def claim(self, worker):
        """Claims the next step as a worker does; the job's id, or None."""

        def next_job() -> str | None:
            headers = {"Authorization": f"Bearer {INTERNAL}"}
            answer = worker.client.post("/internal/v1/queues/histo/claim", json={"worker": "test"}, headers=headers)
            assert answer.status_code in (200, 204), answer.text
            return answer.json()["job_id"] if answer.status_code == 200 else None

        return next_job

    @pytest.fixture
    def at_portal(self, app):
        """Uploads as a person who is logged in at the portal."""

        def send(username: str, content: bytes) -> str:
            browser = TestClient(app)  # without its loops: the first client has them
            browser.post("/login", data={"username": username, "password": PASSWORD})
            csrf = browser.get("/new").text.split('name="csrf-token" content="')[1].split('"')[0]
            answer = browser.post(
                "/api/v1/images",
                data={"modality": "histopathology"},
                files={"file": ("a.png", content)},
                headers={"X-CSRF-Token": csrf},
            )
            assert answer.status_code == 202, answer.text
            return answer.json()["job"]["id"]

        return send

    def test_the_next_step_is_the_portal_s_then_users_take_turns(
        self, upload, picture, bearer_of, claim, at_portal, client
    ):
        alice, bob = bearer_of("alice"), bearer_of("bob")
        batch = [upload(picture(number), headers=alice).json()["job"]["id"] for number in range(4)]
        assert claim() == batch[0]
        others = upload(picture(9), headers=bob).json()["job"]["id"]
        person = at_portal("bob", picture(10))
        progress = client.get(f"/api/v1/jobs/{others}/progress", headers=bob).json()
        assert progress["steps"][1]["fraction"] == 1 / 2, "the person's image is ahead, and no image of the batch"
        assert [claim() for _ in range(6)] == [person, others, *batch[1:], None]

    def test_workers_never_get_the_same_step(self, upload, picture, claim):
        sent = {upload(picture(number)).json()["job"]["id"] for number in range(24)}
        given: list[str] = []
        start = threading.Barrier(6)

        def work() -> None:
            start.wait()
            while (job := claim()) is not None:
                given.append(job)

        workers = [threading.Thread(target=work) for _ in range(6)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        assert sorted(given) == sorted(sent)

    def test_a_step_that_another_transaction_holds_is_waited_for(self, app, job, claim):
        """It may be left in the queue, and no second call would come for it."""
        from gateway.jobs.models import Step

        answer: list[str | None] = []
        with app.state.sessions.begin() as session:
            session.query(Step).filter_by(job_id=job, name="inference").with_for_update().one()
            waiting = threading.Thread(target=lambda: answer.append(claim()))
            waiting.start()
            waiting.join(0.3)
            assert answer == [], "it waits"
        waiting.join(10)
        assert answer == [job]

    def test_a_call_too_many_finds_nothing_and_a_queue_is_its_own(self, upload, claim):
        upload(modality="mammography")
        assert claim() is None
