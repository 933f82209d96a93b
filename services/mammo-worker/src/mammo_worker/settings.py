"""Settings of the mammography worker, from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from lobule.settings import FromEnvironment

PACKAGES = Path(__file__).parent / "model_packages"
DEFAULT_MODEL = "mammo-densenet121"


class MammoSettings(FromEnvironment):
    """Settings from `LOBULE_MAMMO_*`; they choose the models.

    Attributes:
        model: Folder of the model package, or the name of a bundled one.
        prevalence: Share of the site's examinations with cancer, for the numbers of examinations.
        calcifications: Whether films are searched for calcifications, which is experimental.
    """

    model_config = SettingsConfigDict(env_prefix="LOBULE_MAMMO_", env_ignore_empty=True)

    model: Path = Field(
        default=Path(DEFAULT_MODEL), description="folder of the model package, or the name of a bundled one"
    )
    prevalence: float | None = Field(
        default=None, gt=0, lt=1, description="share of the site's examinations that show cancer, such as 0.006"
    )
    calcifications: bool = Field(
        default=False,
        description="whether films of 0.1 mm a pixel or finer are searched for calcifications, which is experimental",
    )

    @property
    def package(self) -> Path:
        """The folder of the model package."""
        return self.model if len(self.model.parts) > 1 else PACKAGES / self.model
