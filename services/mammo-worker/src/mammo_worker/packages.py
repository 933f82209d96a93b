"""Where this worker's model package lies."""

import os
from pathlib import Path

from lobule.model_package import ModelPackage, open_package

PACKAGES = Path(__file__).parent / "model_packages"
DEFAULT_PACKAGE = "mammo-lite0"


def package_folder() -> Path:
    """The package to load: `LOBULE_MAMMO_MODEL` (a folder, or a bundled package's name), else the default."""
    chosen = os.environ.get("LOBULE_MAMMO_MODEL", DEFAULT_PACKAGE)
    return Path(chosen) if os.sep in chosen else PACKAGES / chosen


def installed_package() -> ModelPackage:
    """Open and verify the package in use.

    Raises:
        AnalysisError: `model_unavailable` where it is missing, damaged, or not the one that was measured.
    """
    return open_package(package_folder())
