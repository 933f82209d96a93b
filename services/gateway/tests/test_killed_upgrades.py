"""An upgrade that is killed after its last migration is completed by the next start."""

import pytest
from sqlalchemy import inspect, text

from gateway import migrate as upgrade
from gateway.audit.verification import verify
from gateway.cases.models import Case
from gateway.clock import now
from gateway.database import make_session_factory, reading
from gateway.images.models import Image
from gateway.jobs.models import Job, Step
from gateway.migrate import migrate
from gateway.users.models import User

KEY = b"a key of the tests that is long enough"


class Killed(BaseException):
    """Ends the process at once."""


@pytest.fixture
def engine(migrated_engine):
    return migrated_engine


@pytest.fixture
def run(engine):
    url = engine.url.render_as_string(hide_password=False)
    return lambda revision="head": migrate(url, revision, audit_key=KEY)


@pytest.fixture
def kill(monkeypatch, run):
    """Runs an upgrade that is killed when it calls a function."""

    def upgrade_until(module, name: str, after: int = 0) -> None:
        function, calls = getattr(module, name), iter(range(after))

        def killing(*given, **named):
            if next(calls, None) is None:
                raise Killed
            return function(*given, **named)

        with monkeypatch.context() as patched:
            patched.setattr(module, name, killing)
            with pytest.raises(Killed):
                run()

    return upgrade_until


def execute(engine, statement: str):
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []


def leftovers(engine) -> list[str]:
    return [name for name in inspect(engine).get_table_names() if name.startswith("unfinished")]


@pytest.fixture
def cases(engine):
    """Two cases with an image each."""
    with make_session_factory(engine).begin() as session:
        session.add(User(id="u", username="alice", display_name="Alice", password_hash="x", role="clinician"))
        session.flush()
        for number in ("1", "2"):
            image = {"file_name": "a.png", "media_type": "image/png", "size_bytes": 9, "width": 9, "height": 9}
            session.add(Case(id=f"c{number}", owner_id="u", pseudonym=f"P-{number}"))
            session.flush()
            more = {"stored_sha256": "ab", "object_key": "k", "modality": "mammography"}
            session.add(Image(id=f"i{number}", owner_id="u", case_id=f"c{number}", **image, **more))
            session.flush()
            said = {"assessment": "malignancy_suspected", "probability_malignant": 0.9}
            session.add(
                Job(id=f"j{number}", image_id=f"i{number}", owner_id="u", state="done", created_at=now(), **said)
            )
            session.flush()
            session.add(Step(job_id=f"j{number}", name="inference", position=0, queue="mammo", state="done"))


class TestOfCases:
    MILDER = "UPDATE cases SET assessment = 'no_sign_of_malignancy', urgency = 0.1"
    CONCLUDED = "SELECT assessment, urgency FROM cases ORDER BY id"

    def test_all_are_concluded_by_the_rule_of_this_version(self, engine, run, cases, kill):
        run()
        run("0065")
        execute(engine, self.MILDER)
        kill(upgrade, "summarise", after=1)
        assert sorted(execute(engine, self.CONCLUDED)) == [
            ("malignancy_suspected", 2.9),
            ("no_sign_of_malignancy", 0.1),
        ]
        run()
        assert execute(engine, self.CONCLUDED) == [("malignancy_suspected", 2.9)] * 2
        assert leftovers(engine) == []

    def test_also_over_a_revision_between(self, engine, run, cases):
        run()
        run("0065")
        execute(engine, self.MILDER)
        run("0070")
        run()
        assert execute(engine, self.CONCLUDED) == [("malignancy_suspected", 2.9)] * 2

    def test_a_start_concludes_nothing_anew(self, engine, run, cases):
        run()
        execute(engine, self.MILDER)
        run()
        assert execute(engine, self.CONCLUDED) == [("no_sign_of_malignancy", 0.1)] * 2


class TestOfTheAuditLog:
    EVENT = (
        "INSERT INTO audit_events (at, actor_name, action, detail) "
        "VALUES ('2026-01-01 00:00:00+00:00', 'alice', 'auth.login', '{}')"
    )

    @staticmethod
    def faults(engine) -> list[str]:
        with reading(make_session_factory(engine)) as session:
            return [fault.kind for fault in verify(session, KEY, ())]

    @pytest.mark.parametrize("after", [0, 1])
    def test_all_of_it_is_linked(self, engine, run, kill, monkeypatch, after):
        monkeypatch.setattr("gateway.audit.repository._BATCH", 2)
        run("0033")
        for _ in range(5):
            execute(engine, self.EVENT)
        kill(upgrade.sealing, "append", after)
        run()
        assert self.faults(engine) == []
        assert leftovers(engine) == []
        execute(engine, self.EVENT)
        run()
        assert self.faults(engine) == ["unlinked"], "what came later is a fault"

    def test_a_row_that_is_written_in_an_empty_log_is_not(self, engine, run):
        run("0033")
        run()
        execute(engine, self.EVENT)
        run()
        assert self.faults(engine) == ["unlinked"]


def test_a_case_that_is_deleted_meanwhile_ends_no_upgrade(engine, run, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(upgrade.repository, "without_summary", lambda *_given, **_named: ["deleted"])
        run()
    assert leftovers(engine) == []
