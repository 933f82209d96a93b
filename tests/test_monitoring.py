"""Alerts and dashboard: Prometheus' own tool accepts them, they fire when they should, and use existing metrics."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import prometheus_rule
import pytest
import yaml

MONITORING = Path(__file__).parents[1] / "k8s" / "monitoring"
RUNBOOK = MONITORING.parents[1] / "docs" / "operations.md"
OTHERS = {"up", "process_resident_memory_bytes"}


def promtool(*arguments: object) -> None:
    run("promtool", "prometheus", *arguments)


def run(tool: str, package: str, *arguments: object) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed (apt-get install {package})")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def rules() -> list[dict]:
    return yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]


def dashboard_queries() -> list[str]:
    panels = json.loads((MONITORING / "grafana" / "dashboards" / "lobule.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_configuration():
    promtool("check", "config", MONITORING / "prometheus.yml")


def test_alertmanager_takes_its_example():
    run("amtool", "prometheus-alertmanager", "check-config", MONITORING / "alertmanager.yml")


def test_the_operator_has_the_same_alerts():
    assert prometheus_rule.RULE.read_text("utf-8") == prometheus_rule.render()


def test_every_alert_is_tried():
    tried = yaml.safe_load((MONITORING / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tried for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert {rule["alert"] for rule in rules()} == fired


def test_the_dashboard_lets_its_reader_choose_the_source():
    dashboard = json.loads((MONITORING / "grafana" / "dashboards" / "lobule.json").read_text())
    assert [variable["type"] for variable in dashboard["templating"]["list"]] == ["datasource"]
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"${datasource}"}


def test_the_alerts_fire_when_they_should():
    promtool("test", "rules", MONITORING / "alerts_test.yml")


def test_the_dashboards_queries_are_queries(tmp_path):
    records = [{"record": f"lobule:panel{n}", "expr": query} for n, query in enumerate(dashboard_queries())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": records}]}))
    promtool("check", "rules", tmp_path / "rules.yml")


def test_every_metric_that_is_asked_for_exists():
    sources = [
        path.read_text()
        for package in ("services/gateway/src", "services/dicom/src", "shared/src")
        for path in (MONITORING.parents[1] / package).rglob("*.py")
    ]
    known = set(re.findall(r'"(lobule_[a-z_]+)"', " ".join(sources)))
    asked = {name for query in [*dashboard_queries(), *(rule["expr"] for rule in rules())] for name in _names(query)}
    assert len(asked) > 12
    stripped = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in asked - OTHERS}
    assert stripped <= known, stripped - known


def _names(query: str) -> set[str]:
    return set(re.findall(r"\b(lobule_[a-z_]+|up|process_[a-z_]+)\b", query))


def test_what_an_alert_watches_increase_is_0_from_the_start():
    """Prometheus sees no increase in a series that begins at the first event: the first one would alert nobody."""
    watched = [
        found for rule in rules() for found in re.findall(r"increase\((lobule_dicom_\w+\{[^}]+\})", rule["expr"])
    ]
    shown = "from dicom_node import metrics; import prometheus_client as p; print(p.generate_latest().decode())"
    told = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True).stdout
    assert watched
    assert [each for each in watched if f"{each} 0.0" not in told] == []


def test_every_alert_has_its_chapter_in_the_runbook():
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for rule in rules():
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert file == "docs/operations.md"
        assert anchor in anchors, rule["alert"]
