import os

import pytest
from pydantic import SecretStr

from lobule.settings import Settings
from lobule.storage import StoreUnavailableError, open_configured_store


def settings(url: str) -> Settings:
    return Settings(redis_url="redis://x", object_store_url=url, internal_token="t" * 32)


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path, capsys):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as end:
        open_configured_store(settings((tmp_path / "file" / "objects").as_uri()))
    assert end.value.code == 78
    assert "file/objects" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_permissions(tmp_path, capsys):
    tmp_path.chmod(0o500)
    with pytest.raises(SystemExit):
        open_configured_store(settings((tmp_path / "objects").as_uri()))
    assert f"must be writable for user {os.geteuid()}" in capsys.readouterr().err


def test_an_address_that_is_none(capsys):
    with pytest.raises(SystemExit):
        open_configured_store(settings("/var/objects"))
    assert "file:///folder or s3://bucket/prefix" in capsys.readouterr().err


def test_without_a_master_key_encrypted_objects_are_not_read(tmp_path):
    given = settings(tmp_path.as_uri())
    open_configured_store(given.model_copy(update={"master_key": SecretStr("k" * 32)})).put("images/a/upload", b"film")
    with pytest.raises(StoreUnavailableError):
        open_configured_store(given).get("images/a/upload")
