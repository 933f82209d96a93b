"""Every setting is documented, and every documented setting reaches its service."""

import re
from pathlib import Path

import pytest
import settings_table
import yaml

ROOT = Path(__file__).parents[1]
FIXED_IN_COMPOSE = {
    "gateway": {
        "LOBULE_GATEWAY_URL",  # the gateway does not call itself
        "LOBULE_RETENTION_DAYS",  # only for the service `retention`
        "LOBULE_SECURE_COOKIES",  # the proxy speaks https
        "LOBULE_STEP_SOFT_TIME_LIMIT_S",  # of workers
        "LOBULE_STEP_TIME_LIMIT_S",
        "LOBULE_WORKER_HOST",
        "LOBULE_WORKER_PORT",
    },
    "dicom": {
        "LOBULE_DICOM_PORT",  # inside; LOBULE_DICOM_NODE_PORT is the one outside
    },
}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def test_the_document_is_what_the_classes_say():
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings_table.render()


def test_every_setting_is_described():
    assert [name for name, (_, meaning, _) in settings_table.rows().items() if not meaning] == []


@pytest.mark.parametrize("service", settings_table.SERVICES)
def test_compose_passes_every_setting_on(compose, service):
    given = {name.removesuffix("_FILE") for name in compose["services"][service]["environment"]}
    wanted = {name for name, (_, _, of) in settings_table.rows().items() if service in of}
    assert wanted - given == FIXED_IN_COMPOSE.get(service, set())


def test_a_variable_of_compose_has_the_meaning_of_the_setting():
    """A setting is passed on under its own name, except where the published port is the one inside."""
    lines = (ROOT / "docker-compose.yml").read_text("utf-8").splitlines()
    used = {(name, line.strip()) for line in lines for name in re.findall(r"\$\{(\w+)", line)}
    others = {name for name, line in used if not line.startswith(f"{name}:")} & settings_table.rows().keys()
    assert others == {
        "LOBULE_DICOM_HL7_PORT",
        "LOBULE_DICOM_PORT",  # the old name of LOBULE_ORTHANC_PORT, for files `.env` that were made before
    }
    assert not re.search(r"^#?LOBULE_DICOM_PORT=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)


def test_the_example_names_only_what_there_is():
    text = (ROOT / "docker-compose.yml").read_text("utf-8") + (ROOT / ".ci" / "run").read_text("utf-8")
    known = settings_table.rows().keys() | set(re.findall(r"\$\{(\w+)", text))
    example = (ROOT / ".env.example").read_text("utf-8")
    assert set(re.findall(r"^#?([A-Z][A-Z_0-9]+)=", example, re.MULTILINE)) - known == set()


def test_kubernetes_sets_only_what_there_is():
    named = {n for path in (ROOT / "k8s").rglob("*.yaml") for n in re.findall(r"LOBULE_\w+", path.read_text("utf-8"))}
    assert {name.removesuffix("_FILE") for name in named} - settings_table.rows().keys() == set()


@pytest.mark.parametrize(("service", "kinds"), settings_table.SERVICES.items())
def test_every_setting_is_read_from_a_file(service, kinds, tmp_path, monkeypatch):
    (tmp_path / "value").write_text("what stands in the file\n")
    for kind in kinds:
        prefix = kind.model_config.get("env_prefix", "")
        for name in kind.model_fields:
            monkeypatch.setenv(f"{prefix}{name}_FILE".upper(), str(tmp_path / "value"))
        *_, files = kind.settings_customise_sources(kind, *([None] * 4))
        assert files() == dict.fromkeys(kind.model_fields, "what stands in the file"), service


def test_a_key_from_a_secret_is_the_key_of_its_file(tmp_path, monkeypatch):
    """Kubernetes passes a secret that was created from a file with its trailing line end."""
    from lobule.settings import Settings

    key = "0123456789abcdef" * 4
    for name, value in {"INTERNAL_TOKEN": key, "OBJECT_STORE_URL": tmp_path.as_uri(), "REDIS_URL": "redis://r"}.items():
        monkeypatch.setenv(f"LOBULE_{name}", value)
    monkeypatch.setenv("LOBULE_MASTER_KEY", f"{key}\n")
    monkeypatch.setenv("LOBULE_MASTER_KEY_BEFORE", "\n")
    settings = Settings()
    assert settings.master_key.get_secret_value() == key
    assert settings.master_key_before is None
