"""Queries are written in repositories alone, and transactions are opened in the places that are named here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway

ROOT = Path(gateway.__file__).parent
STATEMENTS = {"select", "insert", "update", "delete"}
QUERIES = {"execute", "scalar", "scalars", "exec_driver_sql", "get_one", "query", "merge"}
ON_SESSIONS = {"get", "delete", "refresh"}  # methods of dictionaries and stores, too
OPENING = {"begin", "reading", "connect", "commit", "rollback"}
SESSIONS = {"Session", "DbSession", "Connection"}

NO_REPOSITORIES = {
    "clock.py": "asks the database for its time",
    "database.py": "sets up connections",
    "migrate.py": "checks the database around migrations",
    "migration_lock.py": "locks the database around migrations",
    "unfinished_upgrade.py": "is a part of migrations",
    "operations/checks.py": "asks the database for its time, for `lobule doctor`",
    "paging.py": "runs a repository's query page by page",
}

TRANSACTIONS = {
    # A request's own: the dependencies, and a query before or after a request waits for something.
    "database.py": {"get_session", "reading", "read", "release", "_connect_impatiently"},
    "auth/dependencies.py": {"detached_user", "waiting_user"},
    # Kept whatever becomes of the request's own.
    "audit/service.py": {"record_apart", "record_command"},
    "audit/journal.py": {"Journal._write"},
    "auth/api_tokens.py": {"_note_use"},
    "auth/endpoints.py": {"issue_token"},
    "auth/sessions.py": {"note_activity"},
    "auth/failed_logins.py": {"record_failure"},
    # After a password was checked, or the provider of single sign-on was asked.
    "auth/session_endpoints.py": {"authenticate_again"},
    "auth/second_factor/service.py": {"check_second_factor"},
    "sso/endpoints.py": {"back_channel_logout", "callback"},
    # The answer, once the request's own is committed.
    "idempotency/middleware.py": {"IdempotencyMiddleware._keep"},
    # Accepted once its bytes have arrived; analysed or rendered again while a request waits.
    # A film of a DICOM node that is refused is noted after its own transaction has ended.
    "uploads/service.py": {"UploadService.accept", "UploadService._keep_apart"},
    "diagnose/endpoints.py": {"_start_again_if_failed", "_of_password"},
    "reports/renderings.py": {"_repeat", "_find_or_open"},
    # A PDF is signed once, by one gateway of several.
    "reports/signed_pdf.py": {"SignedPdf._sign"},
    # A part of the transaction that adds the first film of a case.
    "cases/opening.py": {"find_or_open"},
    # An object that was made of a case, once its bytes have arrived.
    "dicomweb/result_endpoints.py": {"_keep"},
    # Nothing of an attempt that is not current is kept.
    "jobs/internal.py": {"_fenced"},
    # Queries that end before files are read from the object store.
    "dicomweb/retrieval_endpoints.py": {"_found"},
    "dicomweb/search_endpoints.py": {"_search"},
    "case_details/identity.py": {"identities_of"},
    # Each case of a patient is deleted for itself, and its objects after it; the certificate comes last.
    "purge/service.py": {"Purge._delete", "Purge._delete_answers", "Purge._note"},
    # The start adopts a changed setting.
    "serving.py": {"adopt_reading_rule"},
    # Loops beside the requests.
    "jobs/relay.py": {"Relay.empty_outbox", "Reaper._change", "Reaper.announce_again"},
    "modalities/service.py": {"Modalities.learn"},
    "webhooks/deliverer.py": {"Deliverer._begin", "Deliverer.send_queue"},
    # The operator's commands.
    "migrate.py": {
        *("migrate", "_run_migrations", "_again_after_deadlocks"),
        *("_complete", "_forget", "_fill_cases", "_wait_for"),
    },
    "migration_lock.py": {"_advisory_lock"},
    "accounts/commands.py": {"_to_user", "add"},
    "audit/commands.py": {"export", "verify_log"},
    "audit/sealing.py": {"seal"},
    "reports/commands.py": {"_render"},
    "purge/commands.py": {"backups"},
    "purge/deletions.py": {"certify"},
    "operations/backup.py": {"_write_tables", "_restore"},
    "operations/completeness.py": {"_page", "_is_served"},
    "operations/repositories/key_set.py": {"KeySet.__init__"},
    "operations/retention.py": {"Retention._each", "Retention._note", "Retention._forgotten"},
}


def is_repository(path: Path) -> bool:
    return path.name == "repository.py" or path.parent.name == "repositories"


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    """The gateway's modules by path; the migrations are frozen queries of their own."""
    paths = [path for path in sorted(ROOT.rglob("*.py")) if "migrations" not in path.parts]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def queries_in(tree: ast.Module) -> list[str]:
    """Statements that a module imports from SQLAlchemy, and calls that query a session or a connection."""
    found = []
    sessions = set(_sessions_in(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sqlalchemy":
            found += [alias.name for alias in node.names if alias.name in STATEMENTS]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, of = node.func.attr, node.func.value
            on_session = isinstance(of, ast.Name) and of.id in sessions
            if name in QUERIES or (name in ON_SESSIONS and on_session):
                found.append(f"line {node.lineno}: .{name}()")
    return found


def _sessions_in(tree: ast.Module) -> Iterator[str]:
    """Names that a module gives to sessions and connections."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name) and node.annotation.id in SESSIONS:
            yield node.arg
        elif isinstance(node, ast.withitem) and any(_opens(call) for call in ast.walk(node.context_expr)):
            yield from (name.id for name in ast.walk(node.optional_vars or node) if isinstance(name, ast.Name))


def _opens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in OPENING


def opening_functions(tree: ast.Module) -> set[str]:
    """The outermost functions, named with their classes, in which a module opens or ends transactions."""
    found = set()

    def visit(node: ast.AST, name: str, in_function: bool) -> None:
        if isinstance(node, ast.ClassDef) and not in_function:
            name = f"{node.name}."
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not in_function:
            name, in_function = f"{name}{node.name}", True
        if _opens(node):
            found.add(name)
        for child in ast.iter_child_nodes(node):
            visit(child, name, in_function)

    visit(tree, "", in_function=False)
    return found


def test_queries_are_written_in_repositories_alone(modules):
    elsewhere = {
        path: found
        for path, tree in modules.items()
        if not is_repository(Path(path)) and path not in NO_REPOSITORIES and (found := queries_in(tree))
    }
    assert elsewhere == {}
    assert set(NO_REPOSITORIES) <= {path for path, tree in modules.items() if queries_in(tree)}


def test_transactions_are_opened_in_named_places_alone(modules):
    found = {path: opening for path, tree in modules.items() if (opening := opening_functions(tree))}
    found.pop("main.py", None)  # connects to Redis
    assert found == TRANSACTIONS


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import select",
        "def f(session: Session): return session.get(User, 1)",
        "def f(x):\n    with x.begin() as writing:\n        writing.delete(user)",
        "def f(x): x.execute(y)",
    ],
)
def test_a_query_is_found(source):
    assert len(queries_in(ast.parse(source))) == 1
