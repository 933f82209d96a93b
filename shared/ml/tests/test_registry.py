"""A registry finds the parts in the modules of its package."""

import sys

import pytest

from lobule_ml.backbones import BACKBONES
from lobule_ml.registry import Registry


def test_a_part_is_one_file(tmp_path, monkeypatch):
    folder = tmp_path / "parts_of_test"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from lobule_ml.registry import Registry\n\nPARTS = Registry('part', __name__)\n"
    )
    for name in ("one", "two"):
        text = f"from parts_of_test import PARTS\n\n\n@PARTS.register('{name}')\ndef part():\n    return '{name}!'\n"
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from parts_of_test import PARTS  # pyright: ignore[reportMissingImports]

    assert "parts_of_test.one" not in sys.modules
    assert {name: make() for name, make in PARTS.items()} == {"one": "one!", "two": "two!"}
    with pytest.raises(KeyError, match="there is no part 'three'; choose one of one, two"):
        PARTS["three"]
    with pytest.raises(ValueError, match="already a part 'one'"):
        PARTS.add("one", None)


def test_backbones_are_registered_once():
    assert set(BACKBONES) >= {"densenet121", "efficientnet_lite0", "resnet50", "resnet101"}
    assert isinstance(BACKBONES, Registry)
