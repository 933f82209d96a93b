"""A model package is opened only where its weights are the ones that were measured."""

import json
import shutil

import pytest

from lobule.errors import AnalysisError
from lobule.model_package import open_package, sha256_of


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "weights.npz").write_bytes(b"weights")
    (tmp_path / "MODEL_CARD.md").write_text("# Card")
    manifest = {
        "name": "test",
        "version": "1",
        "modality": "histopathology",
        "architecture": {"name": "x"},
        "input": {},
        "classes": ["benign", "malignant"],
        "thresholds": {"low": 0.2, "high": 0.7},
        "calibration": {"method": "platt"},
        "weights_file": "weights.npz",
        "weights_sha256": sha256_of(tmp_path / "weights.npz"),
        "trained_on": "nothing",
        "licence": "Apache-2.0",
        "metrics": [],
    }
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    return tmp_path


def test_opens(folder):
    package = open_package(folder)
    assert package.manifest.info().weights_sha256 == sha256_of(package.weights)
    assert package.card == "# Card"


def _change_weights(folder):
    (folder / "weights.npz").write_bytes(b"other weights")


def _damage_manifest(folder):
    (folder / "model.json").write_text("{}")


def _encode_manifest(folder):
    (folder / "model.json").write_text((folder / "model.json").read_text(), "utf-16")


def _folder_instead_of_weights(folder):
    (folder / "weights.npz").unlink()
    (folder / "weights.npz").mkdir()


def _file_instead(folder):
    shutil.rmtree(folder)
    folder.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (_change_weights, "refused"),
        (_damage_manifest, "damaged"),
        (_encode_manifest, "damaged"),
        (_folder_instead_of_weights, "is installed on this server"),
        (lambda folder: (folder / "MODEL_CARD.md").unlink(), "is installed on this server"),
        (lambda folder: (folder / "weights.npz").unlink(), "is installed on this server"),
        (_file_instead, "is installed on this server"),
    ],
)
def test_refuses(folder, harm, word):
    harm(folder)
    with pytest.raises(AnalysisError, match=word) as refused:
        open_package(folder)
    assert refused.value.code == "model_unavailable"


def test_a_package_of_another_modality_is_refused(folder):
    assert open_package(folder, "histopathology").manifest.modality == "histopathology"
    with pytest.raises(AnalysisError) as refused:
        open_package(folder, "mammography")
    assert (refused.value.code, refused.value.reason) == ("model_unavailable", "other_modality")
    assert str(refused.value).startswith("The model package “test” is for histopathology.")
