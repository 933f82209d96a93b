"""docs/checks.md refers only to existing tests and commands."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GATEWAY = ROOT / "services" / "gateway" / "tests"
FROM_ROOT = ("bench/", "services/", "shared/", "tests/")


def test_every_check_that_is_named_exists():
    named = re.findall(r"`([\w/.-]+\.py)`", (ROOT / "docs" / "checks.md").read_text("utf-8"))
    assert len(named) > 50
    missing = {name for name in named if not ((ROOT if name.startswith(FROM_ROOT) else GATEWAY) / name).is_file()}
    assert missing == set()


def test_every_command_that_is_named_exists():
    targets = re.findall(r"`make ([a-z-]+)`", (ROOT / "docs" / "checks.md").read_text("utf-8"))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert [target for target in targets if f"\n{target}: " not in makefile] == []
