"""Signed reports are served from a restored backup as they were signed."""

import hashlib
import json
import shutil

import pytest
from fastapi.testclient import TestClient

from gateway.database import make_engine
from gateway.main import create_app
from gateway.operations import backup
from lobule.storage.local import LocalStore


@pytest.fixture
def restored(app, client, sign, worker, job, migrated_sqlite, tmp_path):
    """Restores a backup with a signed report, whose files a function may change; gives the stored contents."""

    def restore(change=None):
        worker.infer(job)
        assert sign(comment="Grüße, 王").status_code == 201
        folder, url = tmp_path / "backup", f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'other.sqlite')}"
        backup.create(make_engine(app.state.settings.database_url), app.state.store, folder)
        if change is not None:
            change(folder)
        backup.restore(make_engine(url), LocalStore(tmp_path / "other"), folder)
        return create_app(app.state.settings.model_copy(update={"database_url": url}))

    return restore


def with_sorted_keys(folder):
    """What versions before wrote."""
    rows, about = folder / "rows" / "case_reports.jsonl", json.loads((folder / "backup.json").read_text())
    rows.write_text("".join(f"{json.dumps(json.loads(line), sort_keys=True)}\n" for line in rows.open()))
    about["tables"]["case_reports"]["sha256"] = hashlib.sha256(rows.read_bytes()).hexdigest()
    (folder / "backup.json").write_text(json.dumps(about))


@pytest.mark.parametrize("change", [None, with_sorted_keys])
def test_it_is_served_as_it_was_signed(client, alice, case, restored, change):
    with TestClient(restored(change)) as other:
        content = f"/api/v1/cases/{case}/reports/1/content"
        assert other.get(content, headers=alice).content == client.get(content, headers=alice).content
        [version] = other.get(f"/api/v1/cases/{case}/reports", headers=alice).json()
        assert version["signature"]["state"] == "valid"


def test_what_was_altered_in_the_backup_is_not_served(alice, case, restored):
    def alter(folder):
        rows = folder / "rows" / "case_reports.jsonl"
        rows.write_text(rows.read_text().replace("Gr\\u00fc\\u00dfe", "Hello"))
        with_sorted_keys(folder)

    with TestClient(restored(alter)) as other:
        answer = other.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (500, "report_altered")
