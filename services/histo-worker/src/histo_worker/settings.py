"""Settings of the histopathology worker, from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from lobule.settings import FromEnvironment

PACKAGES = Path(__file__).parent / "model_packages"
TISSUE_PACKAGES = Path(__file__).parent / "tissue"
DEFAULT_MODEL = "breakhis-densenet121"


class HistoSettings(FromEnvironment):
    """Read from `LOBULE_HISTO_*`; the one place where the model package is chosen.

    Attributes:
        model: Folder of the model package.
        batch: Patches that go through the network at once.
    """

    model_config = SettingsConfigDict(env_prefix="LOBULE_HISTO_", env_ignore_empty=True)

    model: Path = Field(default=PACKAGES / DEFAULT_MODEL, description="folder of the model package")
    batch: int = Field(default=2, gt=0, description="number of patches in one batch of the network")
