"""`lobule models install`: a package is whole where workers find it, or not there."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from histo_worker.settings import DEFAULT_MODEL, PACKAGES
from lobule.cli.main import build


@pytest.fixture
def package(tmp_path):
    """A package of another version, with weights of a few bytes."""
    folder = tmp_path / "given"
    folder.mkdir()
    shipped = PACKAGES / DEFAULT_MODEL
    manifest = json.loads((shipped / "model.json").read_text())
    manifest |= {"version": "9.9.9", "weights_sha256": hashlib.sha256(b"weights").hexdigest()}
    (folder / "model.json").write_text(json.dumps(manifest))
    (folder / "MODEL_CARD.md").write_text("a card")
    (folder / manifest["weights_file"]).write_bytes(b"weights")
    return folder


def install(package, into):
    return CliRunner().invoke(build(), ["models", "install", str(package), "--into", str(into)])


def test_it_lies_under_its_name_and_version_in_a_folder_that_is_made(package, tmp_path):
    done = install(package, tmp_path / "models")
    assert done.exit_code == 0, done.output
    target = tmp_path / "models" / "breakhis-densenet121-9.9.9"
    assert done.output.strip() == str(target)
    assert {path.name for path in target.iterdir()} == {path.name for path in package.iterdir()}
    again = install(package, tmp_path / "models")
    assert again.exit_code == 1
    assert "already" in again.output


def test_a_damaged_one_leaves_nothing(package, tmp_path):
    next(package.glob("*.npz")).write_bytes(b"other weights")
    (tmp_path / "models").mkdir()
    done = install(package, tmp_path / "models")
    assert done.exit_code == 1
    assert "hash" in done.output or "weights" in done.output
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    "names",
    [{"name": "../../evil"}, {"version": "1/../../evil"}, {"weights_file": "../other.npz"}, {"name": ".hidden"}],
)
def test_names_that_lead_to_other_folders_are_refused(package, tmp_path, names):
    manifest = json.loads((package / "model.json").read_text())
    (tmp_path / "other.npz").write_bytes(b"weights")
    (package / "model.json").write_text(json.dumps(manifest | names))
    before = set(tmp_path.rglob("*"))
    done = install(package, tmp_path / "a" / "models")
    assert done.exit_code == 1, done.output
    assert set(tmp_path.rglob("*")) == before


def test_what_is_no_package_is_named(tmp_path):
    (tmp_path / "pictures").mkdir()
    done = install(tmp_path / "pictures", tmp_path / "models")
    assert done.exit_code == 1
    assert f"{tmp_path / 'pictures'} is not a model package: it has no model.json." in done.output
