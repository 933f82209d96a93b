"""What version 1 of the API promises, one line each: `docs/api-v1.txt`.

    GET /api/v1/jobs ? limit integer                                   a parameter that is understood
    POST /api/v1/cases < application/json pseudonym string             a field of a request that is understood
    POST /api/v1/cases ! application/json pseudonym                    one that a request must have
    GET /api/v1/jobs 200 > application/json items[].id string          a field of an answer

Run `python .ci/api_promises.py` after a change of the API: it says what it would break, and writes what is new.
A client that keeps to an older list of promises works with every later one of the same major version.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi import openapi_document

DOCUMENT = Path(__file__).parents[1] / "docs" / "api-v1.txt"
_METHODS = ("get", "put", "post", "patch", "delete")
_PATHS = ("/api/v1/", "/healthz", "/readyz")

Schema = dict[str, Any]


def promises_of(document: Schema) -> list[str]:
    """The promises that an OpenAPI document makes, sorted."""
    lines: set[str] = set()
    for path, operations in document["paths"].items():
        if path.startswith(_PATHS):
            for method in _METHODS:
                if method in operations:
                    lines |= {f"{method.upper()} {path} {each}" for each in _of_operation(document, operations[method])}
    return sorted(lines)


def _of_operation(document: Schema, operation: Schema) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        for place, kind in _flat(document, parameter["schema"], "", ()):
            yield f"? {name}{place} {kind}"
        if parameter.get("required"):
            yield f"! {parameter['in']} {name}"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        yield from (f"< {media_type} {place.lstrip('.')} {kind}" for place, kind in _flat(document, schema, "", ()))
        yield from (f"! {media_type} {name}" for name in _resolved(document, schema).get("required", []))
    for status, response in operation["responses"].items():
        if status.startswith(("2", "3")):
            yield f"{status} >"
            for media_type, content in response.get("content", {}).items():
                for place, kind in _flat(document, content.get("schema", {}), "", ()):
                    yield f"{status} > {media_type} {place.lstrip('.')} {kind}"


def _resolved(document: Schema, schema: Schema) -> Schema:
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _flat(document: Schema, schema: Schema, place: str, inside: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every field of a schema with its type; a schema inside of itself is left out."""
    reference = schema.get("$ref", "")
    if reference and reference in inside:
        return
    schema, inside = _resolved(document, schema), (*inside, reference)
    for variant in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _flat(document, variant, place, inside)
    if schema.get("type") == "array":
        yield from _flat(document, schema.get("items", {}), f"{place}[]", inside)
    elif "properties" in schema:
        for name, field in schema["properties"].items():
            yield from _flat(document, field, f"{place}.{name}", inside)
    elif isinstance(schema.get("additionalProperties"), dict):
        yield from _flat(document, schema["additionalProperties"], f"{place}.*", inside)
    elif "type" in schema:
        yield place, schema["type"]


def broken(before: list[str], now: list[str]) -> list[str]:
    """What a change breaks for a client that knows the promises from before."""
    old, new = set(before), set(now)
    operations = {tuple(line.split()[:2]) for line in before}
    found = [f"no longer: {line}" for line in before if line not in new and " ! " not in line]
    for line in sorted(new - old):
        known = tuple(line.split()[:2]) in operations
        if known and " ! " in line:
            found.append(f"must now be sent: {line}")
        if " > " in line and line.endswith(" null") and any(each.startswith(line.removesuffix("null")) for each in old):
            found.append(f"may now be null: {line}")
    return found


def read() -> list[str]:
    """The promises on record."""
    return DOCUMENT.read_text("utf-8").splitlines()


if __name__ == "__main__":
    now = promises_of(openapi_document())
    faults = broken(read(), now) if DOCUMENT.exists() else []
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults and "--anyway" not in sys.argv:
        sys.exit("This breaks clients. Keep the old form beside the new one, or write it down with --anyway.")
    DOCUMENT.write_text("".join(f"{line}\n" for line in now), "utf-8")
