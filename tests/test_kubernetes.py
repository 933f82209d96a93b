"""The manifests of k8s/: they render, Kubernetes accepts them, and they follow our own rules.

kustomize itself renders them: a `kustomize` or `kubectl` on the PATH (LOBULE_KUBECTL names another).
"""

from functools import cache

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import utils
from manifests import K8S, PODS, containers, every_container, of_kind, template

KUBERNETES = ("1.29", "1.33")
OF_OPERATORS = ("PodMonitor", "PrometheusRule")  # whose schemas are not a part of Kubernetes


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once():
    """Read each schema of Kubernetes once, instead of all definitions for each document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", cache(utils.schema_contents))
        patch.setattr(utils, "all_versions", cache(utils.all_versions))
        yield


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_api_server_would_take_it(documents, version):
    for document in documents:
        if document["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(document, version, strict=True)


def test_the_validation_would_find_a_mistake(documents):
    broken = yaml.safe_load(yaml.safe_dump(of_kind(documents, "Deployment")[0]))
    broken["spec"]["template"]["spec"]["containers"][0]["imagee"] = "typo"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES[-1], strict=True)


def test_no_root_no_privilege(documents):
    for document in of_kind(documents, *PODS):
        pod = template(document)["spec"]
        name = document["metadata"]["name"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume], name
    for name, container in containers(documents):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert "privileged" not in security, name


def test_limits_are_set(documents):
    for name, container in containers(documents):
        for bound in ("requests", "limits"):
            assert {"cpu", "memory", "ephemeral-storage"} <= set(container["resources"][bound]), name


def test_every_image_has_a_version(documents):
    for name, container in containers(documents):
        tag = container["image"].rpartition(":")[2]
        assert "/" not in tag, f"{name} names no tag"
        assert tag[0].isdigit(), f"{name}: {tag} is not a version"


def test_what_stays_up_is_probed_and_protected_from_disruption(documents):
    budgets = {d["spec"]["selector"]["matchLabels"]["app"] for d in of_kind(documents, "PodDisruptionBudget")}
    for document in of_kind(documents, "Deployment", "StatefulSet"):
        name = document["metadata"]["name"]
        for container in template(document)["spec"]["containers"]:
            assert {"readinessProbe", "livenessProbe"} <= set(container), name
        assert document["spec"]["selector"]["matchLabels"]["app"] in budgets, name


def test_secrets_stand_nowhere(documents):
    assert not of_kind(documents, "Secret")
    for name, container in containers(documents):
        for variable in container.get("env", []):
            secret = any(word in variable["name"] for word in ("PASSWORD", "TOKEN", "KEY", "DATABASE_URL", "REDIS_URL"))
            given = "value" in variable and not variable["name"].endswith("_FILE")
            assert not secret or not given, f"{name} {variable['name']}"


def test_every_selector_and_mount_meets_its_match(documents):
    labels = [template(document)["metadata"]["labels"] for document in of_kind(documents, *PODS)]
    for service in of_kind(documents, "Service"):
        assert any(service["spec"]["selector"].items() <= each.items() for each in labels), service["metadata"]["name"]
    claims = {claim["metadata"]["name"] for claim in of_kind(documents, "PersistentVolumeClaim")}
    for document in of_kind(documents, *PODS):
        pod = template(document)["spec"]
        templates = {t["metadata"]["name"] for t in document["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"] for volume in pod["volumes"]} | templates
        mounted = {mount["name"] for c in every_container(pod) for mount in c["volumeMounts"]}
        assert mounted == volumes, document["metadata"]["name"]
        claimed = {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
        assert claimed <= claims, document["metadata"]["name"]


def test_what_is_scaled_by_itself_has_no_number(documents):
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in of_kind(documents, "HorizontalPodAutoscaler")}
    assert len(scaled) >= 4
    numbered = {each["metadata"]["name"] for each in of_kind(documents, "Deployment") if "replicas" in each["spec"]}
    assert not scaled & numbered, "an apply would set back what the autoscaler chose"


def test_a_changed_setting_restarts_what_reads_it(documents):
    [settings] = of_kind(documents, "ConfigMap")
    name = settings["metadata"]["name"]
    assert name.startswith("lobule-"), "the name has a hash of the values"
    for owner, container in containers(documents):
        read = {each["configMapRef"]["name"] for each in container.get("envFrom", []) if "configMapRef" in each}
        assert read <= {name}, owner


def test_a_migration_is_part_of_each_rollout(documents):
    """A Job cannot be applied again with another image; a pod that migrates first can, and stops a bad rollout."""
    assert not of_kind(documents, "Job")
    [gateway] = [each for each in of_kind(documents, "Deployment") if each["metadata"]["name"] == "gateway"]
    [migrate] = template(gateway)["spec"]["initContainers"]
    assert migrate["image"] == template(gateway)["spec"]["containers"][0]["image"]
    assert "--accept-newer" in migrate["args"], "a rollback finds a database that is newer than it"


def test_times_and_classes_are_named(documents):
    for task in of_kind(documents, "CronJob"):
        assert task["spec"]["timeZone"], task["metadata"]["name"]
    for ingress in of_kind(documents, "Ingress"):
        assert ingress["spec"]["ingressClassName"]


def test_several_pods_are_spread_over_nodes(documents):
    for deployment in of_kind(documents, "Deployment"):
        if deployment["metadata"]["name"] != "redis":  # there is one
            [spread] = template(deployment)["spec"]["topologySpreadConstraints"]
            assert spread["labelSelector"] == deployment["spec"]["selector"], deployment["metadata"]["name"]


@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.gpu.yml"])
def test_compose_is_as_strict(file):
    services = yaml.safe_load((K8S.parent / file).read_text())["services"]
    for name, service in services.items():
        image = service["image"]
        assert "latest" not in image, name
        if file == "docker-compose.yml" and name != "orthanc":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["mem_limit"], name
            assert "cpus" in service, name
            assert service["pids_limit"], name
            assert "privileged" not in service, name


def test_every_pod_gets_the_keys_that_its_service_gets_in_compose(documents):
    """A worker without the key of the store would write unencrypted results, beside a gateway that encrypts."""
    compose = yaml.safe_load((K8S.parent / "docker-compose.yml").read_text("utf-8"))
    keys = {"LOBULE_MASTER_KEY", "LOBULE_MASTER_KEY_BEFORE", "LOBULE_AUDIT_KEY", "LOBULE_NAMES_KEY"}
    of_gateway, of_worker = (
        keys & {name.removesuffix("_FILE") for name in compose[part]["environment"]}
        for part in ("x-gateway", "x-worker")
    )
    assert of_gateway == keys
    seen = 0
    for name, container in containers(documents):
        env = {each["name"]: each.get("valueFrom", {}).get("secretKeyRef") for each in container.get("env", [])}
        wanted = of_gateway if "LOBULE_DATABASE_URL_FILE" in env else of_worker
        if "LOBULE_INTERNAL_TOKEN_FILE" not in env:
            continue
        given = {
            key: {"name": "lobule", "key": key.removeprefix("LOBULE_").lower(), "optional": True} for key in wanted
        }
        assert {key: env.get(key) for key in wanted} == given, name
        seen += 1
    assert seen >= 6


def test_the_dicom_node_gets_the_tokens_that_it_gets_in_compose(documents):
    compose = yaml.safe_load((K8S.parent / "docker-compose.yml").read_text("utf-8"))["services"]["dicom"]
    wanted = {name.removesuffix("_FILE") for name in compose["environment"] if name.endswith("_TOKEN_FILE")}
    for name, container in containers(documents):
        given = {each["name"].removesuffix("_FILE") for each in container.get("env", [])}
        if "LOBULE_DICOM_FOLDER" in given:
            assert wanted <= given, name
