"""Settings that every service shares.

Each is the environment variable `LOBULE_<NAME>`, or the content of the file that `LOBULE_<NAME>_FILE` names.
"""

import errno
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from lobule.redis_address import checked

_PREFIX = "LOBULE_"
EX_CONFIG = 78
"""Exit status of a process with invalid settings, which a restart does not fix."""


def variable(name: str) -> str | None:
    """The value of a setting: the variable `LOBULE_<NAME>`, or the content of the file that `LOBULE_<NAME>_FILE` names.

    None if it is not set; an empty variable and an empty file count as not set.

    Raises:
        OSError: The file cannot be read.
    """
    value, path = os.environ.get(f"{_PREFIX}{name}", "").strip(), os.environ.get(f"{_PREFIX}{name}_FILE")
    return value or (path and _content(path)) or None


def _content(path: str) -> str:
    """The text of a file, without white space around it and without the mark that editors of Windows put before it.

    Raises:
        OSError: The file cannot be read, or is no text.
    """
    try:
        return Path(path).read_text("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise OSError(errno.EINVAL, "it is no text in UTF-8", path) from None


class _Files(PydanticBaseSettingsSource):
    """Values from files, for secrets that an orchestrator mounts: `LOBULE_SECRET_KEY_FILE=/run/secrets/secret_key`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        prefix = str(self.config.get("env_prefix", ""))
        path = os.environ.get(f"{prefix}{field_name}_FILE".upper())
        return (_content(path) if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        given = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in given.items() if value}  # an empty file counts as not set


def http_address(url: str) -> str:
    """Check an address of HTTP; an empty one stands for none.

    Raises:
        ValueError: It is no such address.
    """
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and url.isprintable()):
        raise ValueError("it must be an address such as https://lobule.example")
    return url


HttpAddress = Annotated[str, AfterValidator(http_address)]


class _Variables(EnvSettingsSource):
    """Values of variables without the white space around them.

    A variable from a Kubernetes secret that was created from a file ends with a line end. A key would differ by it from
    the same file read as `_FILE`, and HTTP refuses a token with it.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        return (value.strip() or None if isinstance(value, str) else value), key, is_complex


class FromEnvironment(BaseSettings):
    """Settings from variables `<PREFIX><NAME>`, or from the files that `<PREFIX><NAME>_FILE` name."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see `_Variables`
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - only variables and their files are used
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources in their order of precedence: arguments, variables, files."""
        return init_settings, _Variables(settings_cls), _Files(settings_cls)


_CENTURY_S = 36500 * 24 * 3600
_UNITS_S = {"s": 1, "seconds": 1, "minutes": 60, "hours": 3600, "days": 24 * 3600}  # ends of names of settings


class ServiceSettings(FromEnvironment):
    """Settings that every service needs. A variable takes precedence over its file."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, extra="ignore")

    gateway_url: HttpAddress = Field(
        "http://127.0.0.1:8000", description="address at which the other services reach the gateway"
    )
    log_format: Literal["json", "console"] = Field("json", description="format of log lines")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="lowest level that is logged")
    worker_port: int | None = Field(
        default=None, description="port on which the service serves its health and metrics; unset: neither is served"
    )
    worker_host: str = Field("127.0.0.1", description="address on which that port listens")

    @field_validator("*")
    @classmethod
    def _no_longer_than_a_century(cls, value: object, info: ValidationInfo) -> object:
        """Refuse a time with which no date can be computed."""
        unit_s = _UNITS_S.get(str(info.field_name).rpartition("_")[2])
        if unit_s and isinstance(value, float) and value * unit_s > _CENTURY_S:
            raise ValueError("it must be less than a hundred years")
        return value


class Settings(ServiceSettings):
    """Settings of a worker; the gateway adds its own."""

    redis_url: str = Field(
        description="address of the message broker and progress cache: redis://, rediss://, unix:// or sentinel://"
    )
    object_store_url: str = Field(description="object store: file:///folder or s3://bucket/prefix")
    s3_endpoint_url: HttpAddress | None = Field(
        default=None, description="endpoint of an S3 service other than Amazon's"
    )
    master_key: SecretStr | None = Field(
        default=None, min_length=32, description="key that encrypts stored objects; unset: they are not encrypted"
    )
    master_key_before: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="master key that was replaced; keep it set until `lobule encryption rotate` has finished",
    )
    internal_token: SecretStr = Field(min_length=32, description="secret that the gateway and the workers share")
    otlp_endpoint: HttpAddress | None = Field(
        default=None,
        description="address of the OpenTelemetry collector (OTLP over HTTP) that receives traces; unset: no traces"
        " are sent",
    )
    step_soft_time_limit_s: float = Field(300, gt=0, description="seconds after which a step is asked to stop")
    step_time_limit_s: float = Field(330, gt=0, description="seconds after which the process of a step is killed")

    @field_validator("redis_url")
    @classmethod
    def _address_of_redis(cls, url: str) -> str:
        return checked(url)

    @model_validator(mode="after")
    def _asked_before_killed(self) -> "Settings":
        """Refuse limits with which a step is killed before it is asked: it counts as a worker that was lost."""
        if self.step_soft_time_limit_s >= self.step_time_limit_s:
            raise ValueError("LOBULE_STEP_TIME_LIMIT_S must be above LOBULE_STEP_SOFT_TIME_LIMIT_S")
        return self


class FilmSettings(FromEnvironment):
    """Settings of every service that reads films."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True)

    mask_text: bool = Field(
        default=False,
        description="whether text in the margin of a film is covered in the pictures that people see; the networks "
        "read the film unchanged",
    )


AnySettings = TypeVar("AnySettings", bound=FromEnvironment)


def read_settings(kind: type[AnySettings], **given: Any) -> AnySettings:
    """Read the process's settings; ends the process with a line for each missing or invalid variable.

    Args:
        kind: Class of the settings.
        given: Settings by name that are not read from the environment.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        for problem in error.errors(include_input=False):
            if not problem["loc"]:  # a problem of several settings together
                print(reason_of(problem), file=sys.stderr)
                continue
            name = str(problem["loc"][0])
            meaning = kind.model_fields[name].description or ""
            what = "is not set" if problem["type"] == "missing" else f"is wrong: {reason_of(problem)}"
            print(f"{_PREFIX}{name.upper()} {what} ({meaning})", file=sys.stderr)
    except OSError as error:
        print(f"A secret's file cannot be read: {error}", file=sys.stderr)
    sys.exit(EX_CONFIG)


def reason_of(problem: Mapping[str, Any]) -> str:
    """What is wrong with a setting, from an entry of `ValidationError.errors`, without terms of pydantic."""
    if problem["type"] == "too_short":  # of a secret, whose characters pydantic calls items
        return f"it must have at least {problem['ctx']['min_length']} characters"
    return str(problem["msg"]).removeprefix("Value error, ")


@cache
def film_settings() -> FilmSettings:
    """The film settings of this process; see `read_settings`."""
    return read_settings(FilmSettings)
