"""Settings that every service shares; each is the environment variable `LOBULE_<NAME>`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a worker needs to do its job; the gateway adds its own.

    Secrets may be given as files: `LOBULE_SECRETS_DIR/lobule_internal_token` is read where the variable is unset.
    """

    model_config = SettingsConfigDict(env_prefix="LOBULE_", extra="ignore", secrets_dir=None)

    redis_url: str = Field(description="redis:// address or unix:// socket of the doorbell and blackboard")
    object_store_url: str = Field(description="file:///folder or s3://bucket/prefix")
    s3_endpoint_url: str | None = Field(default=None, description="for an S3 service other than Amazon's")
    gateway_url: str = Field("http://127.0.0.1:8000", description="where workers reach the gateway")
    internal_token: SecretStr = Field(min_length=32, description="shared secret of gateway and workers")
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    step_soft_time_limit_s: float = Field(300, gt=0, description="a step is asked to stop after this")
    step_time_limit_s: float = Field(330, gt=0, description="a step's process is killed after this")
    histo_model: Path | None = Field(default=None, description="folder of another histopathology model package")
    mammo_model: Path | None = Field(default=None, description="folder of another mammography model package")
