"""The choice of Keras' back-end: prints a message if it is not installed."""

import pytest

from lobule_ml import backend


@pytest.mark.parametrize(
    ("name", "said"), [("torch", "--extra train-torch"), ("jax", "--extra train-jax"), ("theano", "tensorflow, torch")]
)
def test_back_end_that_is_not_there_is_told(monkeypatch, name, said):
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=said):
        backend.require_backend()


def test_file_of_keras_is_read(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert backend.chosen_backend() == "tensorflow"
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    assert backend.chosen_backend() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    backend.require_backend()
