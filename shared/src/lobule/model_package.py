"""Model packages: folders whose weights are loaded only if their hash is the measured one."""

import errno
import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lobule.contracts.models import ModelManifest
from lobule.errors import AnalysisError


@dataclass(frozen=True)
class ModelPackage:
    """A verified model package."""

    folder: Path
    manifest: ModelManifest
    card: str

    @property
    def weights(self) -> Path:
        """The weights file, its hash verified at opening."""
        return self.folder / self.manifest.weights_file


_IN_FOLDER = re.compile(r"[^./\\\x00][^/\\\x00]*")
"""Names that lead to no other folder."""


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def packages_in(folder: Path) -> list[Path]:
    """The folders of the model packages in a folder, by name."""
    return [described.parent for described in sorted(folder.glob("*/model.json"))]


def open_package(folder: Path, modality: str | None = None) -> ModelPackage:
    """Read and verify a model package.

    Args:
        folder: The package.
        modality: Required modality of the package; None for any.

    Raises:
        AnalysisError: `model_unavailable` if the folder or one of its files is missing, the hash does not match, or the
            package is for another modality.
    """
    try:
        manifest = ModelManifest.model_validate_json((folder / "model.json").read_bytes())
        if not all(map(_IN_FOLDER.fullmatch, (manifest.name, manifest.version, manifest.weights_file))):
            raise AnalysisError("model_unavailable", "manifest", package=folder.name, count=1)
        card = (folder / "MODEL_CARD.md").read_text("utf-8", errors="replace")
        found = sha256_of(folder / manifest.weights_file)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        missing = Path(error.filename).name
        raise AnalysisError("model_unavailable", "not_installed", package=folder.name, file=missing) from None
    except ValidationError as error:
        raise AnalysisError("model_unavailable", "manifest", package=folder.name, count=error.error_count()) from None
    if modality is not None and manifest.modality != modality:
        raise AnalysisError("model_unavailable", "other_modality", package=manifest.name, modality=manifest.modality)
    if found != manifest.weights_sha256:
        expected = manifest.weights_sha256[:12]
        raise AnalysisError("model_unavailable", "weights", package=folder.name, found=found[:12], expected=expected)
    return ModelPackage(folder, manifest, card)


def install_package(source: Path, folder: Path) -> Path:
    """Verify a model package and copy it into a folder, completely or not at all.

    Args:
        source: The package.
        folder: Folder of packages, created if necessary.

    Returns:
        The copy, `NAME-VERSION`.

    Raises:
        AnalysisError: See `open_package`.
        FileExistsError: The folder already contains this version. Packages never change, because workers may have them
            open.
    """
    package = open_package(source)
    target = folder / f"{package.manifest.name}-{package.manifest.version}"
    if target.exists():
        raise FileExistsError(errno.EEXIST, "this version is installed already", str(target))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".installing-") as name:
        copy = shutil.copytree(source, Path(name) / "package")
        open_package(copy)
        copy.chmod(0o755)
        copy.rename(target)
    return target
