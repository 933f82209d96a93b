"""Settings of the histopathology worker, from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from lobule.settings import FromEnvironment

PACKAGES = Path(__file__).parent / "model_packages"
TISSUE_PACKAGES = Path(__file__).parent / "tissue"
DEFAULT_MODEL = "breakhis-densenet121"


class HistoSettings(FromEnvironment):
    """Settings from `LOBULE_HISTO_*`; they choose the model package.

    Attributes:
        model: Folder of the model package.
        batch: Number of patches in a batch of the network.
        site: File of `histo-worker adapt`, which adapts the model to a laboratory.
    """

    model_config = SettingsConfigDict(env_prefix="LOBULE_HISTO_", env_ignore_empty=True)

    model: Path = Field(default=PACKAGES / DEFAULT_MODEL, description="folder of the model package")
    batch: int = Field(default=2, gt=0, description="number of patches in one batch of the network")
    site: Path | None = Field(
        default=None, description="file of `histo-worker adapt`, which adapts the model to a laboratory"
    )

    @classmethod
    def choose(cls, model: Path | None, site: Path | None) -> "HistoSettings":
        """The settings of the environment, with the model package and the laboratory of a command line, if given.

        A model of the command line is not adapted to the laboratory of the environment, which is of another model.
        """
        chosen = cls()
        if model is not None:
            chosen = chosen.model_copy(update={"model": model, "site": None})
        return chosen if site is None else chosen.model_copy(update={"site": site})
