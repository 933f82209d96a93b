"""The wheelhouse for machines without internet access."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "deploy" / "wheelhouse.py"
LOCKED = """async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:0123
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:4567
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:89ab
"""


def test_it_holds_what_another_patch_release_of_python_needs():
    lines = runpy.run_path(str(SCRIPT))["for_every_patch"](LOCKED).splitlines()
    assert lines[0] == "async-timeout==5.0.1 \\"
    assert lines[1:] == LOCKED.splitlines()[1:]
