import sys

from lobule_ml.quiet import import_keras

KERAS = """
try:
    import sklearn
except ImportError:
    sklearn = None
"""


def test_keras_is_imported_without_what_it_only_wraps(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text(KERAS)
    (tmp_path / "sklearn.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("keras", "sklearn", "matplotlib"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import_keras()
    assert sys.modules["keras"].sklearn is None
    assert "sklearn" not in sys.modules, "a later import finds it"


def test_a_package_that_is_in_use_stays(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text(KERAS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    import sklearn

    import_keras()
    assert sys.modules["keras"].sklearn is sys.modules["sklearn"] is sklearn
