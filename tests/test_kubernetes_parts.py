"""The manifests of k8s/: components, traffic, and the changes of overlays."""

import yaml
from manifests import COMPONENTS, K8S, PODS, containers, of_kind, template

INGRESS_ANNOTATIONS = {  # of ingress-nginx
    f"nginx.ingress.kubernetes.io/{name}"
    for name in ("proxy-body-size", "proxy-request-buffering", "proxy-read-timeout", "proxy-send-timeout")
}


def test_traffic_is_closed_by_default(documents):
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind(documents, "NetworkPolicy")}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for rule in policies["workers"]["egress"]:
        assert all("podSelector" in peer for peer in rule["to"]), "workers speak to our own pods alone"


def test_traffic_out_is_named(documents):
    for policy in of_kind(documents, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            assert rule["to"], f"{policy['metadata']['name']} lets traffic go anywhere"


def test_a_backup_reaches_objects_in_a_bucket(with_components):
    documents = with_components("backup", "s3")
    for task in of_kind(documents, "CronJob"):
        pod = template(task)["spec"]
        claims = {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
        assert "objects" not in claims, task["metadata"]["name"]
        assert {"secretRef": {"name": "lobule-s3"}} in pod["containers"][0]["envFrom"], task["metadata"]["name"]
    [policy] = [each for each in of_kind(documents, "NetworkPolicy") if each["metadata"]["name"] == "to-objects"]
    allowed = policy["spec"]["podSelector"]["matchExpressions"][0]["values"]
    assert {"backup", "restore", "retention"} <= set(allowed)


def test_traces_and_scraping_are_components(with_components):
    documents = with_components("tracing", "monitoring")
    [settings] = of_kind(documents, "ConfigMap")
    assert settings["data"]["LOBULE_OTLP_ENDPOINT"].endswith(":4318")
    assert settings["data"]["LOBULE_PUBLIC_URL"], "the other values stay"
    [monitor] = of_kind(documents, "PodMonitor")
    scraped = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    for deployment in of_kind(documents, "Deployment"):
        if "lobule/scrape" in template(deployment)["metadata"]["labels"]:
            ports = {
                port["name"]: port["containerPort"] for port in template(deployment)["spec"]["containers"][0]["ports"]
            }
            wanted = int(template(deployment)["metadata"]["labels"]["lobule/scrape"])
            assert [name for name in scraped if ports.get(name) == wanted], deployment["metadata"]["name"]
    assert monitor["spec"]["jobLabel"] == "app", "the alerts ask for the job `gateway`"


def test_a_new_file_of_a_laboratory_restarts_the_workers_that_read_it(with_components):
    made = [{"name": "histo-site", "literals": ["site.json={}"]}]
    documents = with_components("site", configMapGenerator=made)
    [site] = [each for each in of_kind(documents, "ConfigMap") if "site.json" in each["data"]]
    reading = []
    for document in of_kind(documents, "Deployment"):
        pod = template(document)["spec"]
        container = pod["containers"][0]
        files = {each["value"] for each in container.get("env", []) if each["name"] == "LOBULE_HISTO_SITE"}
        mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
        for volume in pod["volumes"]:
            if volume.get("configMap", {}).get("name") == site["metadata"]["name"]:
                assert files == {f"{mounts[volume['name']]}/site.json"}
                reading.append(document["metadata"]["name"])
    assert site["metadata"]["name"].startswith("histo-site-"), "the name has a hash of the file"
    assert reading == ["histo-worker"]


def test_gpus(render):
    documents = render("gpu")
    for document in of_kind(documents, "Deployment"):
        pod = template(document)["spec"]
        wants = "nvidia.com/gpu" in pod["containers"][0]["resources"]["limits"]
        assert wants == document["metadata"]["name"].endswith("-worker")
        assert wants == ("nodeSelector" in pod)
        assert wants == pod["containers"][0]["image"].endswith("-gpu")


def test_every_component_is_looked_at():
    assert {path.name for path in (K8S / "components").iterdir()} == set(COMPONENTS)


def test_only_annotations_that_exist(documents):
    for document in documents:
        annotations = set(document["metadata"].get("annotations", {}))
        if document["kind"] in PODS:
            annotations |= set(template(document)["metadata"].get("annotations", {}))
        allowed = INGRESS_ANNOTATIONS if document["kind"] == "Ingress" else set()
        assert annotations <= allowed, f"{document['kind']} {document['metadata']['name']}"


def test_namespaces_take_restricted_pods_alone():
    for path in ("namespace.yaml", "overlays/dev/namespace.yaml"):
        namespace = yaml.safe_load((K8S / path).read_text())
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted", path


def test_who_may_speak_to_a_pod_is_named_by_ports_that_it_has(documents):
    """A policy with a port that no pod has blocks all traffic, which is noticed only when an alert does not fire."""
    for policy in of_kind(documents, "NetworkPolicy"):
        spec = policy["spec"]
        pods = [template(each) for each in of_kind(documents, *PODS) if _is_meant(spec["podSelector"], each)]
        assert pods, policy["metadata"]["name"]
        asked = {port["port"] for rule in spec.get("ingress", []) for port in rule.get("ports", [])}
        assert asked <= {name for pod in pods for name in _ports(pod)}, policy["metadata"]["name"]


def _is_meant(selector: dict, document: dict) -> bool:
    labels = template(document)["metadata"]["labels"]
    several = selector.get("matchExpressions", [])
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in several
    )


def _ports(pod: dict) -> set[object]:
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports", [])]
    return {name for port in ports for name in (port["name"], port["containerPort"])}


def test_tasks_end_and_do_not_pile_up(documents):
    for task in of_kind(documents, "CronJob"):
        assert task["spec"]["concurrencyPolicy"] == "Forbid", task["metadata"]["name"]
        assert task["spec"]["startingDeadlineSeconds"], task["metadata"]["name"]
        assert template(task)["spec"]["restartPolicy"] in ("Never", "OnFailure"), task["metadata"]["name"]


def test_an_image_can_be_pinned_by_its_digest(with_components):
    digest = f"sha256:{'0' * 64}"
    documents = with_components("backup", images=[{"name": "registry.example/lobule/gateway", "digest": digest}])
    images = {image for _, container in containers(documents) if "/gateway" in (image := container["image"])}
    assert f"registry.example/lobule/gateway@{digest}" in images
