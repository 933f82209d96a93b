"""Writes the alerts of k8s/monitoring/alerts.yml as the PrometheusRule of k8s/components/monitoring."""

from pathlib import Path

import yaml

K8S = Path(__file__).parents[1] / "k8s"
ALERTS = K8S / "monitoring" / "alerts.yml"
RULE = K8S / "components" / "monitoring" / "prometheus-rule.yaml"
_HEAD = """# The alerts of k8s/monitoring/alerts.yml for the Prometheus operator; made by .ci/prometheus_rule.py.
# Where your Prometheus selects rules by a label (`ruleSelector`), add it in your overlay.
"""


def render() -> str:
    """The document."""
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "lobule"},
        "spec": yaml.safe_load(ALERTS.read_text("utf-8")),
    }
    return _HEAD + yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True)


if __name__ == "__main__":
    RULE.write_text(render(), "utf-8")
