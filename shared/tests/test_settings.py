"""Settings from variables and from files, and what is said where one is missing."""

import pytest
from pydantic import SecretStr, model_validator

from lobule.settings import Settings, read_settings, variable

TOKEN = "t" * 32


@pytest.fixture
def environment(monkeypatch):
    """A complete environment."""
    values = {"REDIS_URL": "redis://r", "OBJECT_STORE_URL": "file:///o", "INTERNAL_TOKEN": TOKEN}
    for name, value in values.items():
        monkeypatch.setenv(f"LOBULE_{name}", value)
    return monkeypatch


def test_a_secret_from_a_file(environment, tmp_path):
    (tmp_path / "url").write_text("redis://from-a-file\n")
    environment.delenv("LOBULE_REDIS_URL")
    environment.setenv("LOBULE_REDIS_URL_FILE", str(tmp_path / "url"))
    assert read_settings(Settings).redis_url == "redis://from-a-file"


def test_a_variable_wins_over_its_file(environment, tmp_path):
    (tmp_path / "url").write_text("redis://from-a-file")
    environment.setenv("LOBULE_REDIS_URL_FILE", str(tmp_path / "url"))
    assert read_settings(Settings).redis_url == "redis://r"


def test_a_variable_and_its_file_are_read_alike(environment, tmp_path):
    """A variable of a Kubernetes secret ends with the line end of the file that the secret was created from."""
    environment.setenv("LOBULE_MASTER_KEY", "k" * 32 + "\n")
    environment.setenv("LOBULE_S3_ENDPOINT_URL", "\n")
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbf" + b"k" * 32 + b"\r\n")  # as editors of Windows write it
    environment.setenv("LOBULE_MASTER_KEY_BEFORE_FILE", str(tmp_path / "key"))
    settings = read_settings(Settings)
    assert settings.s3_endpoint_url is None
    assert settings.master_key == settings.master_key_before == SecretStr("k" * 32)
    assert variable("MASTER_KEY") == variable("MASTER_KEY_BEFORE") == "k" * 32


def test_a_file_that_is_no_text_is_named(environment, tmp_path, capsys):
    (tmp_path / "key").write_text("k" * 32, "utf-16")
    environment.setenv("LOBULE_MASTER_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SystemExit) as ended:
        read_settings(Settings)
    assert ended.value.code == 78
    assert f"it is no text in UTF-8: '{tmp_path / 'key'}'" in capsys.readouterr().err


def test_an_empty_variable_is_an_unset_one(environment):
    environment.setenv("LOBULE_S3_ENDPOINT_URL", "")
    environment.setenv("LOBULE_MASTER_KEY_FILE", "")
    settings = read_settings(Settings)
    assert (settings.s3_endpoint_url, settings.master_key) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LOBULE_REDIS_URL", "", "LOBULE_REDIS_URL is not set"),
        ("LOBULE_REDIS_URL_FILE", "/nowhere/url", "/nowhere/url"),
        (
            "LOBULE_INTERNAL_TOKEN",
            "short",
            "LOBULE_INTERNAL_TOKEN is wrong: it must have at least 32 characters (secret",
        ),
        ("LOBULE_STEP_TIME_LIMIT_S", "inf", "LOBULE_STEP_TIME_LIMIT_S is wrong: it must be less than a hundred years"),
        ("LOBULE_STEP_SOFT_TIME_LIMIT_S", "1e10", "it must be less than a hundred years"),
        (
            "LOBULE_STEP_SOFT_TIME_LIMIT_S",
            "600",
            "LOBULE_STEP_TIME_LIMIT_S must be above LOBULE_STEP_SOFT_TIME_LIMIT_S",
        ),
        ("LOBULE_GATEWAY_URL", "lobule.example", "LOBULE_GATEWAY_URL is wrong: it must be an address such as https"),
    ],
)
def test_what_is_wrong_ends_the_process_in_words(environment, capsys, name, value, words):
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read_settings(Settings)
    said = capsys.readouterr().err
    assert ended.value.code == 78
    assert words in said
    assert "short" not in said.replace("shorter", ""), "a secret's value is never shown"


def test_settings_that_do_not_go_together_end_the_process_in_words(environment, capsys):
    class Together(Settings):
        @model_validator(mode="after")
        def refuse(self):
            raise ValueError("LOBULE_A needs LOBULE_B")

    with pytest.raises(SystemExit) as ended:
        read_settings(Together)
    assert ended.value.code == 78
    assert "LOBULE_A needs LOBULE_B" in capsys.readouterr().err
