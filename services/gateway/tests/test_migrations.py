"""Every migration up and down, with rows in the tables, on SQLite and PostgreSQL."""

import shutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.orm import Session

from gateway.auth.models import AuthSession
from gateway.clock import now
from gateway.database import Base, make_engine
from gateway.images.models import Image
from gateway.migrate import migrate
from lobule.launcher.errors import StartError


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a.sqlite'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def present_url(request, tmp_path) -> str:
    """A database with the present schema, copied instead of migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'a.sqlite')}"
    return request.getfixturevalue("migrated_postgres_url")


AT = "'2026-01-02 03:04:05+00:00'"
BEFORE = "0028"
"""The last migration of the version before."""
OF_THE_VERSION_BEFORE = {"previous_hash", "ix_auth_sessions_previous_hash"}
"""What only the version before uses; the version after this one drops it."""
ROWS = (
    "INSERT INTO users (id, username, display_name, password_hash, role, active, created_at) "
    f"VALUES ('u', 'alice', 'Alice', 'x', 'clinician', TRUE, {AT})",
    f"INSERT INTO cases (id, owner_id, pseudonym, created_at) VALUES ('c', 'u', 'P-1', {AT})",
    "INSERT INTO images (id, owner_id, case_id, file_name, media_type, size_bytes, sha256, modality, width, height, "
    f"object_key, created_at) VALUES ('i', 'u', 'c', 'a.png', 'image/png', 9, 'ab', 'mammography', 9, 9, 'k', {AT})",
    "INSERT INTO jobs (id, image_id, owner_id, state, created_at, assessment, probability_malignant) "
    f"VALUES ('j', 'i', 'u', 'done', {AT}, 'malignancy_suspected', 0.9)",
    "INSERT INTO steps (job_id, name, position, queue, state, attempt, tries) "
    "VALUES ('j', 'inference', 0, 'mammo', 'done', 1, 1)",
)


def rows(url: str, query: str):
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(query))]
    finally:
        engine.dispose()


def test_up_and_down_keep_what_was_there(url):
    migrate(url, "0001")
    engine = make_engine(url)
    with engine.begin() as connection:
        for row in ROWS:
            connection.execute(text(row))
    engine.dispose()
    migrate(url)
    summary = "SELECT state, assessment, images_total, images_done, urgency FROM cases"
    assert rows(url, summary) == [("ready", "malignancy_suspected", 1, 1, 2.9)], (
        "cases of an older version are summed up"
    )
    assert rows(url, "SELECT kind FROM jobs") == [("analysis",)]
    assert rows(url, "SELECT count(*) FROM steps") == [(1,)], "nothing that refers to a changed table is lost"
    migrate(url, "0001")
    assert rows(url, "SELECT id, image_id FROM jobs") == [("j", "i")]
    assert rows(url, "SELECT count(*) FROM steps") == [(1,)]
    migrate(url)
    assert rows(url, summary)[0][0] == "ready"


def test_cases_are_put_in_order_of_suspicion(present_url):
    """Where the version before kept the rank of the state alone."""
    states = {"malignancy_suspected": 0.9, "not_sure": 0.4, "no_sign_of_malignancy": 0.1, None: None}
    engine = make_engine(present_url)
    with engine.begin() as connection:
        insert_user(connection)
        for number, (assessment, probability) in enumerate(states.items()):
            row = ROWS[1].replace("('c',", f"('c{number}',").replace("created_at)", "created_at, updated_at)")
            connection.execute(text(row.replace(f"{AT})", f"{AT}, {AT})")))
            said = {"assessment": assessment, "probability": probability, "id": f"c{number}"}
            change = "assessment = :assessment, probability_malignant = :probability, evidence_digest = 'known'"
            connection.execute(text(f"UPDATE cases SET {change} WHERE id = :id"), said)
    engine.dispose()
    migrate(present_url, "0004")
    in_order = "SELECT urgency FROM cases ORDER BY id"
    assert rows(present_url, in_order) == [(2,), (1,), (0,), (0,)]
    migrate(present_url)
    assert rows(present_url, in_order) == [(2.9,), (1.4,), (0.1,), (-1.0,)]


def test_unsigned_cases_are_concluded_by_the_rule_of_this_version(url):
    """The version before concluded more mildly. Nothing of them has changed that a reader would have to see again."""
    migrate(url, "0001")
    engine = make_engine(url)
    with engine.begin() as connection:
        for row in ROWS:
            connection.execute(text(row))
    migrate(url)
    summary = "SELECT assessment, urgency, state, revision, evidence_digest FROM cases"
    [(*concluded, digest)] = rows(url, summary)
    for state, expected in (("ready", concluded[:2]), ("signed", ["no_sign_of_malignancy", 0.1])):
        migrate(url, "0065")
        with engine.begin() as connection:
            milder = "assessment = 'no_sign_of_malignancy', urgency = 0.1, state = :state"
            connection.execute(text(f"UPDATE cases SET {milder}"), {"state": state})
        migrate(url)
        assert rows(url, summary) == [(*expected, state, concluded[3], digest)]
    engine.dispose()


def insert_user(connection: Connection) -> None:
    """The first row as today's table wants it."""
    connection.execute(text(ROWS[0].replace("created_at)", "created_at, auth_epoch)").replace(f"{AT})", f"{AT}, 0)")))


def insert_case(connection: Connection) -> None:
    """That user, with a case and an image."""
    insert_user(connection)
    connection.execute(
        text(ROWS[1].replace("created_at)", "created_at, updated_at)").replace(f"{AT})", f"{AT}, {AT})"))
    )
    connection.execute(text(ROWS[2]))


def test_reviews_get_the_ids_of_their_findings(url):
    """And lose them on the way down, where the place in the result still stands."""
    migrate(url, "0009")
    engine = make_engine(url)
    with engine.begin() as connection:
        insert_case(connection)
        connection.execute(text(ROWS[3].replace("(id,", "(kind, id,").replace("('j',", "('analysis', 'j',")))
        for finding in ("image", "0", "11"):
            columns = "job_id, finding, case_id, verdict, comment, reviewer_id, reviewer, reviewed_at"
            said = f"'j', '{finding}', 'c', 'confirmed', '', 'u', 'Alice', {AT}"
            connection.execute(text(f"INSERT INTO finding_reviews ({columns}) VALUES ({said})"))
    engine.dispose()
    migrate(url)
    found = rows(url, "SELECT finding, finding_id FROM finding_reviews ORDER BY finding")
    assert found == [("0", "f1"), ("11", "f12"), ("image", "image")]
    migrate(url, "0009")
    assert rows(url, "SELECT finding FROM finding_reviews ORDER BY finding") == [("0",), ("11",), ("image",)]


def test_an_app_that_was_never_confirmed_waits_for_its_first_code(url):
    migrate(url, "0062")
    engine = make_engine(url)
    with engine.begin() as connection:
        insert_user(connection)
        user = ROWS[0].replace("created_at)", "created_at, second_factor)").replace(f"{AT})", f"{AT}, TRUE)")
        connection.execute(text(user.replace("'u', 'alice'", "'v', 'bob'")))
        apps = f"('u', 's', 0, {AT}), ('v', 's', 0, {AT})"
        columns = "user_id, secret, last_step, created_at"
        connection.execute(text(f"INSERT INTO authenticator_apps ({columns}) VALUES {apps}"))
    engine.dispose()
    migrate(url)
    assert rows(url, "SELECT user_id FROM authenticator_apps WHERE unconfirmed") == [("u",)]


def test_going_down_leaves_no_rendering_behind(present_url):
    engine = make_engine(present_url)
    with engine.begin() as connection:
        insert_user(connection)
        connection.execute(
            text(
                f"INSERT INTO jobs (id, kind, owner_id, state, created_at) VALUES ('r', 'rendering', 'u', 'done', {AT})"
            )
        )
        connection.execute(text(ROWS[4].replace("'j', 'inference'", "'r', 'render'")))
    engine.dispose()
    migrate(present_url, "0001")
    assert rows(present_url, "SELECT count(*) FROM jobs") == rows(present_url, "SELECT count(*) FROM steps") == [(0,)]


def test_images_of_several_cases_are_not_lost_by_going_down(present_url):
    engine = make_engine(present_url)
    with engine.begin() as connection:
        insert_case(connection)
        connection.execute(text(ROWS[2].replace("'i', 'u', 'c'", "'i2', 'u', NULL")))
    engine.dispose()
    with pytest.raises(
        StartError, match=r"in several cases.* stopped at revision 0004\. Start the newer version again"
    ):
        migrate(present_url, "0003")
    assert rows(present_url, "SELECT count(*) FROM images") == [(2,)]


def columns(url: str) -> dict[str, dict[str, bool]]:
    """The columns of each table, and whether a row may leave the column out."""
    engine = make_engine(url)
    try:
        tables = inspect(engine)
        return {
            table: {
                column["name"]: bool(column["nullable"] or column["default"] is not None)
                for column in tables.get_columns(table)
            }
            for table in tables.get_table_names()
        }
    finally:
        engine.dispose()


def test_the_version_before_works_on_the_migrated_database(url):
    """While a rolling update lasts, and after it was rolled back: it finds its columns, and writes no others."""
    migrate(url, BEFORE)
    before = columns(url)
    migrate(url)
    after = columns(url)
    lost = {(table, name) for table, names in before.items() for name in names if name not in after.get(table, {})}
    wanted = {
        (table, name)
        for table in before
        for name, free in after[table].items()
        if name not in before[table] and not free
    }
    assert (lost, wanted) == (set(), set())
    engine = make_engine(url)
    with engine.begin() as connection:
        insert_user(connection)
        said = "id, user_id, kind, secret_hash, previous_hash, created_at, expires_at"
        connection.execute(
            text(f"INSERT INTO auth_sessions ({said}) VALUES ('s', 'u', 'portal', 'a', NULL, {AT}, {AT})")
        )
    with Session(engine) as session:
        login = session.get_one(AuthSession, "s")
        assert abs(now() - login.active_at).total_seconds() < 60, "the new version reads what the old one wrote"
        assert abs(now() - login.authenticated_at).total_seconds() < 60
    engine.dispose()


def test_the_version_before_gives_workers_the_hash_of_the_stored_file(url):
    """Its column has it, and what it writes itself is read, as on the way down."""
    migrate(url, "0039")
    engine = make_engine(url)
    with engine.begin() as connection:
        insert_case(connection)
        for name, received in (("j", "cd"), ("k", "ef")):  # they differ in their names alone
            row = ROWS[2].replace("'i',", f"'{name}',").replace("'ab'", f"'{received}'")
            row = row.replace("created_at)", "created_at, stored_sha256)").replace(f"{AT})", f"{AT}, 'st')")
            connection.execute(text(row))
    migrate(url)
    with engine.begin() as connection:
        connection.execute(text(ROWS[2].replace("'i',", "'old',").replace("'ab'", "'gh'")))
    hashes = "SELECT id, sha256 FROM images ORDER BY id"
    assert rows(url, hashes) == [("i", "ab"), ("j", "st"), ("k", "st"), ("old", "gh")]
    with Session(engine) as session:
        images = {image.id: image for image in session.scalars(select(Image))}
        assert {each: image.sha256 for each, image in images.items()} == {"i": "ab", "j": "cd", "k": "ef", "old": "gh"}
        assert images["j"].stored_sha256 == "st"
        assert images["old"].stored_sha256 == "gh"
        assert session.scalar(select(Image.id).where(Image.has_sha256("gh"))) == "old"
    engine.dispose()
    migrate(url, "0039")
    assert rows(url, hashes) == [("i", "ab"), ("j", "st"), ("k", "ef"), ("old", "gh")]


def test_files_that_became_the_same_go_back_to_the_version_before(present_url):
    """One that was received with names, the same one downloaded and sent again, and once more to that version.

    Which of them comes first in the order of their names makes no difference.
    """
    orders = ("abc", "fed", "klj")
    engine = make_engine(present_url)
    with engine.begin() as connection:
        insert_case(connection)
        for order in orders:
            for name, received in zip(order, (f"'names {order}'", f"'without {order}'", "NULL"), strict=True):
                row = ROWS[2].replace("'i',", f"'{name}',").replace("'ab'", f"'without {order}'")
                row = row.replace("created_at)", "created_at, received_sha256)").replace(f"{AT})", f"{AT}, {received})")
                connection.execute(text(row))
    engine.dispose()
    migrate(present_url, "0039")
    hashes = dict(rows(present_url, "SELECT id, sha256 FROM images"))
    for order in orders:
        assert hashes[order[0]] == f"names {order}"
        others = {hashes[name] for name in order[1:]}
        assert others in [{f"without {order}", 2 * name} for name in order[1:]]
    migrate(present_url)
    found = rows(present_url, "SELECT DISTINCT sha256 FROM images WHERE id <> 'i' ORDER BY sha256")
    assert found == [(f"without {order}",) for order in orders]


def test_the_models_are_what_the_migrations_make(url):
    migrate(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    assert [change for change in found if change[-1].name not in OF_THE_VERSION_BEFORE] == []
