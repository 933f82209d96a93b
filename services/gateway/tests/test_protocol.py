"""No order of events loses or doubles a job: a state machine over claim, lease, fence and outbox, on the real code.

Two gateways, three workers. Announcements are lost and doubled, requests and answers of workers are lost and repeated,
workers die, leases run out, deadlines pass, people cancel and retry. LOBULE_PROTOCOL_RUNS=2000 makes it look for long.
"""

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from played_worker import MODEL
from sqlalchemy import delete, select, update

from gateway.clock import now
from gateway.database import make_engine, make_session_factory, new_id, reading
from gateway.events import Events
from gateway.images.models import FileIdentity, Image
from gateway.jobs import repository, service
from gateway.jobs.events import AnalysisEnded
from gateway.jobs.models import Job, OutboxMessage, Step
from gateway.jobs.queues import repository as queues
from gateway.jobs.queues.quotas import Quota
from gateway.settings import GatewaySettings
from gateway.users.models import User
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.result import DisplayImage, ImageInfo, Result, Thresholds
from lobule.contracts.steps import Failure

RUNS = int(os.environ.get("LOBULE_PROTOCOL_RUNS", "12"))
QUEUES = ("histo", "report")
LIMITS = GatewaySettings.model_construct(lease_seconds=30.0, max_attempts=3, retry_pause_s=0)
MANY = Quota("asks", 10**6, 10**6)
RESULT = Result(
    image=ImageInfo(sha256="0" * 64, file_name="a.png", modality="histopathology", width=80, height=70),
    model=MODEL,
    thresholds=Thresholds(low=0.2, high=0.7),
    assessment="not_sure",
    probability_malignant=0.5,
    display=DisplayImage(file="display.png", width=80, height=70),
)
WORKERS = st.integers(0, 2)
GATEWAYS = st.integers(0, 1)
LOST = st.sampled_from(("arrives", "arrives", "arrives", "request lost", "answer lost", "doubled"))


@dataclass(frozen=True)
class Held:
    """What a worker believes to hold."""

    job_id: str
    step: str
    attempt: int


class Protocol(RuleBasedStateMachine):
    """The system without its processes: each rule is one transaction of a gateway, or the loss of something."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.ended, self.allowed = Counter[str](), Counter[str]()  # of each job: how often it ended, and may have
        self.completed = Counter[Held]()
        self.announced: list[str] = []  # queues, one for each message in Redis
        self.held: dict[int, Held] = {}
        self.jobs: list[str] = []
        events = Events()
        events.subscribe(AnalysisEnded, lambda _session, event: self.ended.update([event.job.id]))
        self.engines = [make_engine(self.url) for _ in range(2)]
        self.gateways = [make_session_factory(engine, events, b"key" * 12) for engine in self.engines]

    @initialize()
    def empty(self) -> None:
        with self.gateways[0].begin() as session:
            for table in (OutboxMessage, Step, Job, Image):
                session.execute(delete(table))
            self.owner = session.scalars(select(User.id)).first()
            if self.owner is None:
                user = User(username="alice", display_name="alice", password_hash="", role="clinician")
                session.add(user)
                session.flush()
                self.owner = user.id
        self.upload(0)  # a single job at first: its step is the one that is claimed again
        self.relay(1, dies=False)

    def teardown(self) -> None:
        try:
            if self.jobs:
                self.come_to_an_end()
        finally:
            for engine in self.engines:
                engine.dispose()

    @precondition(lambda self: len(self.jobs) < 4)
    @rule(gateway=GATEWAYS)
    def upload(self, gateway: int) -> None:
        with self.gateways[gateway].begin() as session:
            image = Image(
                id=new_id(),
                owner_id=self.owner,
                file_name="a.png",
                media_type="image/png",
                size_bytes=1,
                stored_sha256=new_id().replace("-", "") * 2,
                modality="histopathology",
                width=80,
                height=70,
                object_key="images/a",
                identity=FileIdentity(*[None] * 10),
            )
            session.add(image)
            session.flush()
            job = service.open_job(session, image, "histo", MANY, interactive=False)
        self.jobs.append(job.id)
        self.allowed[job.id] += 1

    @rule(gateway=GATEWAYS, dies=st.booleans())
    def relay(self, gateway: int, dies: bool) -> None:
        """Send the outbox; a gateway that dies in between sends it again."""
        with reading(self.gateways[gateway]) as session:
            messages = queues.waiting_messages(session)
        self.announced += [message.queue for message in messages]
        if not dies:
            with self.gateways[gateway].begin() as session:
                queues.delete_messages(session, messages)

    @precondition(lambda self: self.announced)
    @rule(at=st.integers(0, 100), twice=st.booleans())
    def lose_or_double_an_announcement(self, at: int, twice: bool) -> None:
        queue = self.announced.pop(at % len(self.announced))  # whoever flushes Redis loses them all
        self.announced += [queue] * 2 if twice else []

    @precondition(lambda self: self.announced and len(self.held) < 3)
    @rule(gateway=GATEWAYS, said=LOST)
    def claim(self, gateway: int, said: str) -> None:
        """A worker that is free takes an announcement, and whichever step is next."""
        worker = min({0, 1, 2} - self.held.keys())
        queue = self.announced.pop(0)
        for _ in range(2 if said == "doubled" else 1):
            if said == "request lost":
                return
            with self.gateways[gateway].begin() as session:
                claim = service.claim_next(session, LIMITS, queue, f"worker {worker}")
            if said == "answer lost" or claim is None:
                continue
            self.held[worker] = Held(claim.job_id, claim.step, claim.attempt)

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS, gateway=GATEWAYS, said=LOST, how=st.sampled_from(("done", "done", "failed", "again")))
    def end(self, worker: int, gateway: int, said: str, how: str) -> None:
        """A worker completes or fails what it holds; it repeats what was not answered."""
        worker = sorted(self.held)[worker % len(self.held)]
        held = self.held[worker]
        for _ in range(2 if said == "doubled" else 1):
            if said == "request lost":
                return
            with self.gateways[gateway].begin() as session:
                step = session.get_one(Step, (held.job_id, held.step))
                before = (step.state, step.attempt)
                if how == "done":
                    result = RESULT if held.step == "inference" else None
                    taken = service.complete(session, held.job_id, held.step, held.attempt, result, files={})
                    self.completed[held] += taken
                else:
                    retryable = how == "again"
                    failure = Failure(attempt=held.attempt, code="internal_error", detail="x", retryable=retryable)
                    taken = service.fail(session, LIMITS, held.job_id, held.step, failure)
                assert taken == (before == ("running", held.attempt)), "only the current attempt is heard"
        if said != "answer lost":
            del self.held[worker]

    @precondition(lambda self: self.held)
    @rule(gateway=GATEWAYS, said=LOST)
    def overtake(self, gateway: int, said: str) -> None:
        """A worker is silent for too long, another one is given its step, and then the first one ends it."""
        silent = min(self.held)
        self.lease_runs_out(0, gateway)
        if self.announced and len(self.held) < 3:
            self.claim(1 - gateway, "arrives")
        self.end(sorted(self.held).index(silent), gateway, said, "done")

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS)
    def kill(self, worker: int) -> None:
        del self.held[sorted(self.held)[worker % len(self.held)]]

    @precondition(lambda self: self.held)
    @rule(at=st.integers(0, 100), gateway=GATEWAYS)
    def lease_runs_out(self, at: int, gateway: int) -> None:
        """A worker that lives is silent for too long; its step is given to the next one."""
        with self.gateways[0].begin() as session:
            running = session.scalars(select(Step).where(Step.state == "running").order_by(Step.job_id)).all()
            if running:
                running[at % len(running)].lease_expires_at = now().replace(year=2000)
        self.reap(gateway)
        self.relay(1 - gateway, dies=False)

    @rule(gateway=GATEWAYS)
    def reap(self, gateway: int) -> None:
        with self.gateways[gateway].begin() as session:
            for step in repository.abandoned(session):
                service.reap(session, LIMITS, step)
            for queue in QUEUES:
                if queue not in self.announced:
                    for step in queues.announcements_lost(session, queue, now().replace(year=2999)):
                        queues.announce(session, step, now())

    @rule(at=st.integers(0, 100), gateway=GATEWAYS)
    def deadline_passes(self, at: int, gateway: int) -> None:
        """A job has waited or run for too long."""
        with self.gateways[gateway].begin() as session:
            for step in session.get_one(Job, self.jobs[at % len(self.jobs)]).steps:
                step.asked_at = now() - timedelta(days=2)
        with self.gateways[gateway].begin() as session:
            for step in repository.overdue(session, timedelta(days=1), timedelta(days=1)):
                service.end_overdue(session, step)

    @rule(at=st.integers(0, 100), gateway=GATEWAYS, again=st.booleans())
    def cancel_or_retry(self, at: int, gateway: int, again: bool) -> None:
        with self.gateways[gateway].begin() as session:
            job = session.get_one(Job, self.jobs[at % len(self.jobs)])
            if again and job.state in ("failed", "dead", "cancelled"):
                service.retry(session, job, MANY)
                self.allowed[job.id] += 1
            elif not again and job.state not in FINAL_STATES:
                service.cancel(session, job)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        with reading(self.gateways[0]) as session:
            jobs = {job.id: job for job in session.scalars(select(Job))}
            assert jobs.keys() == set(self.jobs)
            for job in jobs.values():
                states = [step.state for step in job.steps]
                over = job.state in FINAL_STATES
                assert over == (not {"queued", "running"} & set(states)), (job.state, states)
                assert (job.state == "done") == (states == ["done", "done"]), (job.state, states)
                assert states.count("running") + states.count("queued") <= 1, states
        assert all(self.ended[job] <= self.allowed[job] for job in self.jobs), "a job ended twice"
        assert all(times <= 1 for times in self.completed.values()), "an attempt was completed twice"

    def come_to_an_end(self) -> None:
        """Nothing is lost any more: every job ends."""
        for _ in range(40 * len(self.jobs)):
            self.held.clear()
            with self.gateways[0].begin() as session:
                old = now().replace(year=2000)
                session.execute(update(Step).where(Step.state == "running").values(lease_expires_at=old))
            self.reap(0)
            self.relay(1, dies=False)
            while self.announced:
                self.claim(0, "arrives")
                if self.held:
                    self.end(0, 1, "arrives", "done")
            self.nothing_is_lost_or_doubled()
            with reading(self.gateways[0]) as session:
                if all(job.state in FINAL_STATES for job in session.scalars(select(Job))):
                    return
        raise AssertionError("a job does not end")


@pytest.fixture
def database(tmp_path, migrated_sqlite):
    file = tmp_path / "protocol.sqlite"
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


def test_no_order_of_events_loses_or_doubles_a_job(database):
    machine = type("ProtocolOnSqlite", (Protocol,), {"url": database})
    quick = settings(
        max_examples=RUNS,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine, settings=quick)
