"""Content of the pages about models and API, from model manifests, model cards and the OpenAPI document."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from markdown_it import MarkdownIt

from gateway.system.endpoints import ModelAtWork, ModelStatus
from lobule.contracts.manifest import Figure, figure_of
from lobule.contracts.models import Adaptation, ModelManifest

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")  # a card's own HTML is shown as text
_LIMITS = re.compile(r"^##+ +Limits\s*$(.*?)(?=^##? |\Z)", re.MULTILINE | re.DOTALL)
_POINT = re.compile(r"^[-*] +(.*?)(?=^[-*] |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class ModelPage:
    """A model as its page shows it; `card` is HTML, `versions` lists what workers use where they differ.

    `adaptation` is the laboratory that its numbers are adapted to, `is_old` whether that was measured long ago.
    """

    modality: str
    workers: int
    versions: str
    manifest: ModelManifest | None
    calibration: str
    figures: list[Figure]
    limits: list[str]
    card: str
    adaptation: Adaptation | None = None
    is_old: bool = False


def model_pages(status: ModelStatus) -> list[ModelPage]:
    """What the page says of a modality's model, and of those that its workers use beside it."""
    main = model_page(status)
    return [main, *(_page(status, each.manifest, each.card) for each in status.beside)]


def model_page(status: ModelStatus) -> ModelPage:
    """What the page says of a modality's model."""
    page, adapted = _page(status, status.model, status.model_card or ""), status.adaptation
    return replace(page, adaptation=adapted, is_old=adapted is not None and adapted.is_old(datetime.now(UTC).date()))


def _page(status: ModelStatus, manifest: ModelManifest | None, card: str) -> ModelPage:
    limits = _LIMITS.search(card)
    return ModelPage(
        modality=status.modality,
        workers=sum(each.workers for each in status.models),  # those without a model are not ready
        versions=", ".join(map(_at_work, status.models)) if len(status.models) > 1 and manifest is status.model else "",
        manifest=manifest,
        calibration=manifest.info().calibration if manifest else "",
        figures=[figure_of(metric) for metric in manifest.metrics] if manifest else [],
        limits=[" ".join(point.split()) for point in _POINT.findall(limits[1])] if limits else [],
        card=_MARKDOWN.render(re.sub(r"^# ", "### ", re.sub(r"^## ", "#### ", card, flags=re.M), flags=re.M)),
    )


def _at_work(model: ModelAtWork) -> str:
    site = f" + {model.adaptation.name} {model.adaptation.version}" if model.adaptation else ""
    return f"{model.name} {model.version}{site} ({model.workers})"


@dataclass(frozen=True)
class Field:
    """A parameter, or a member of a body."""

    name: str
    type: str
    where: str
    required: bool
    meaning: str


@dataclass(frozen=True)
class Answer:
    """A status that an operation may answer with."""

    status: str
    meaning: str
    types: str


@dataclass(frozen=True)
class Operation:
    """An operation of the API."""

    verb: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]


@dataclass(frozen=True)
class Group:
    """The operations of a tag."""

    name: str
    operations: list[Operation]


def api_groups(document: dict[str, Any]) -> list[Group]:
    """An OpenAPI document's operations by tag, in the order of the document."""
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    groups: dict[str, list[Operation]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for verb, described in operations.items():
            tag = described.get("tags", ["other"])[0]
            groups[tag].append(_operation(path, verb, described, schemas))
    return [Group(name, operations) for name, operations in groups.items()]


def _operation(path: str, verb: str, described: dict[str, Any], schemas: dict[str, Any]) -> Operation:
    text = described.get("description", "")
    first, _, rest = text.partition("\n\n")
    parameters = [
        Field(p["name"], _type(p["schema"]), p["in"], p.get("required", False), _meaning(p))
        for p in described.get("parameters", [])
        if p["name"] not in ("accept", "accept-language", "if-none-match", "idempotency-key")  # of many operations
        and not (p["in"] == "path" and _meaning(p).startswith("identifier of "))  # the path names them
    ]
    return Operation(
        verb=verb,
        path=path,
        summary=first or described.get("summary", ""),
        description=rest,
        parameters=parameters,
        body=_body(described.get("requestBody", {}), schemas),
        answers=[
            Answer(status, answer["description"], ", ".join(answer.get("content", {})))
            for status, answer in described["responses"].items()
        ],
    )


def _body(body: dict[str, Any], schemas: dict[str, Any]) -> list[Field]:
    for content in body.get("content", {}).values():
        schema = _resolved(content["schema"], schemas)
        alternatives = schema.get("oneOf") or schema.get("anyOf") or [schema]
        fields: dict[str, Field] = {}
        for alternative in alternatives:
            whole = _resolved(alternative, schemas)
            for name, value in whole.get("properties", {}).items():
                fields[name] = Field(name, _type(value), "", name in whole.get("required", []), _meaning(value))
        return list(fields.values())
    return []


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return schemas.get(reference.rsplit("/", 1)[-1], {}) if reference else schema


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}))}[]"
    return schema.get("format") or schema.get("type", "any")


def _meaning(described: dict[str, Any]) -> str:
    return described.get("description") or described.get("schema", {}).get("description", "")
