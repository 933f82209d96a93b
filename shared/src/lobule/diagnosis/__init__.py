"""Checks of an installation, which `lobule doctor` prints.

Each installed service adds checks of its own under the entry-point group `lobule.checks`: functions that take an
`Installation` and yield `Check` objects.
"""

from lobule.diagnosis.check import Check, Installation
from lobule.diagnosis.run import check_installation

__all__ = ["Check", "Installation", "check_installation"]
