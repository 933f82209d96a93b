"""Examples in the OpenAPI document: one for each schema that has none of its own, made from its fields."""

from typing import Any

Schema = dict[str, Any]

_ID = "6f0b3c5e-3a0e-4a36-9f0e-0c8f7f1f2b11"
_JOB = "0f8fad5b-d9cb-469f-a165-70867728950e"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_PNG = "data:image/png;base64,iVBORw0KGgo="

_FIELDS: dict[str, Any] = {
    "accession_number": "A-20417",
    "action": "report.sign",
    "activity": "Looking for masses",
    "activity_code": "finding_masses",
    "actor_name": "dr.lee",
    "address": "10.20.0.31",
    "ae_title": "LOBULE",
    "asked_by": "anna",
    "author": "dr.lee",
    "birth_date": "1968-04-12",
    "by": "anna",
    "calibration": "isotonic, on patients of their own",
    "called_ae": "LOBULE",
    "calling_ae": "PACS",
    "card": "# Model card",
    "case_ids": [_ID],
    "classes": ["benign", "malignant"],
    "client": "Firefox on Windows",
    "code": "image_too_small",
    "codes": ["MLO", "CC"],
    "comment": "No change since the examination before.",
    "current": "present password",
    "detail": "The image is too small to be analysed. Please export it in full size.",
    "count": 4,
    "diagnostics": "0b9c6a0e",
    "display_name": "Dr Lee",
    "en": "Scattered fibroglandular tissue. No mass.",
    "fhirVersion": "4.0.1",
    "expires_in": 900,
    "file": "image.png",
    "file_name": "R-MLO.dcm",
    "file_names": ["R-MLO.dcm"],
    "finding": "0",
    "finding_id": "f1",
    "folder": "/var/lib/lobule/backup/lobule",
    "fullUrl": f"https://lobule.example/fhir/ImagingStudy/{_ID}",
    "height": 4808,
    "hint": "lob_9f86",
    "identity": "the provider's name for the user",
    "key": "5f2a9c01",
    "kind": "job",
    "label": "mass",
    "last_error": "the receiver answered 502",
    "licence": "Apache-2.0",
    "limits": "Calcifications are not searched for.",
    "limits_of_case": "The films were read one by one.",
    "meaning": "where the network looked",
    "media_type": "application/dicom",
    "method": "class activation map",
    "modalities": ["mammography"],
    "modality": "mammography",
    "model": "mammo-densenet121 2.3.0",
    "model_card": "# Model card",
    "name": "mammo-densenet121",
    "next_cursor": "MjAyNi0wMy0wMVQwOTozMDowMFo",
    "nodes": ["dicom"],
    "offered": ["MLO", "CC"],
    "opened_by": "anna",
    "outcome": "success",
    "owner": "ris",
    "password": "a long sentence is a good password",
    "patient_id": "P-2026-0042",
    "patient_mark": "5d41402abc4b2a76",
    "patient_name": "Doe^Jane",
    "peer": "PACS",
    "picture": _PNG,
    "probability": 0.87,
    "probability_malignant": 0.87,
    "problem": "worker_lost",
    "poll_after_ms": 500,
    "pseudonym": "P-2026-0042",
    "public_key": "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
    "query": "state=open",
    "queue": "mammography",
    "reader": "dr.lee",
    "reason": "the patient asked for it",
    "recipient": "PACS@10.20.0.31:104",
    "refused": None,
    "results": "sr",
    "reviewer": "dr.lee",
    "said": "L",
    "screening": ["CC", "MLO"],
    "seconds_left": 4,
    "sha256": _SHA256,
    "signed_by": "Dr Lee",
    "size_bytes": 29095428,
    "sop_instance_uid": "2.25.329800735698586629295641978511506172918",
    "status": "A700",
    "step": "analyse",
    "stored_sha256": _SHA256,
    "study_instance_uid": "2.25.139800735698586629295641978511506172914",
    "subject": "R-MLO.dcm",
    "target_type": "case",
    "text": "The region looks like a mass.",
    "title": "Conflict",
    "trained_on": "CBIS-DDSM",
    "type": "job.finished",
    "url": "https://ris.example/lobule",
    "username": "dr.lee",
    "value": "c2lnbmF0dXJl",
    "version": "2.3.0",
    "view": "MLO",
    "weights_file": "model.npz",
    "weights_sha256": _SHA256,
    "width": 3024,
    "worker": "mammo-worker-1",
    "x": 812,
    "y": 1440,
    "zh": "散在纤维腺体组织，未见肿块。",
}
"""Values of fields whose type says too little, by their names."""

_OF_SCHEMA: dict[tuple[str, str], Any] = {
    ("FhirIssue", "code"): "not-found",
    ("GroupRead", "name"): "Breast unit",
    ("GroupWrite", "name"): "Breast unit",
    ("ApiTokenCreate", "name"): "ris",
    ("ApiTokenRead", "name"): "ris",
    ("ApiTokenCreated", "name"): "ris",
    ("ViewRead", "name"): "Unread",
    ("ViewWrite", "name"): "Unread",
    ("Box", "width"): 236,
    ("Box", "height"): 198,
    ("RecoveryCodes", "codes"): ["k7pm-2x9d"],
}
"""Values that hold for a field of one schema alone."""

_FORMATS = {
    "date-time": "2026-03-01T09:30:00Z",
    "date": "2026-03-01",
    "uri": "https://ris.example/lobule",
    "password": "a long sentence is a good password",
    "uuid": _ID,
    "binary": "",
}


def add_examples(schemas: dict[str, Schema]) -> None:
    """Give each schema of the document an example; those that have one keep it."""
    for name, schema in schemas.items():
        if "example" not in schema and "examples" not in schema:
            schema["example"] = _example(name, schemas, ())


def _example(name: str, schemas: dict[str, Schema], within: tuple[str, ...]) -> Any:
    """An example of a schema, inside of examples of others."""
    schema = schemas[name]
    if "example" in schema:
        return schema["example"]
    if "properties" not in schema:
        return _value(schema, name, "", schemas, (*within, name))
    fields: dict[str, Schema] = schema["properties"]
    within = (*within, name)
    return {field: _value(each, name, field, schemas, within) for field, each in fields.items()}


def _value(schema: Schema, owner: str, field: str, schemas: dict[str, Schema], within: tuple[str, ...]) -> Any:
    """An example of a field.

    Args:
        schema: Schema of the field.
        owner: Name of the schema that has the field.
        field: Name of the field.
        schemas: All schemas of the document, by name.
        within: The schemas around this example, the outermost first; a schema is not repeated inside of itself.
    """
    for given in (_OF_SCHEMA.get((owner, field)), *schema.get("examples", ())):
        if given is not None:
            return given
    if "anyOf" in schema:
        return _alternative(schema, owner, field, schemas, within)
    if "$ref" in schema:
        return _example(schema["$ref"].rsplit("/", 1)[1], schemas, within)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "array":
        return _items(schema, owner, field, schemas, within)
    if kind == "object":
        return {}
    if kind in ("integer", "number"):
        known = _FIELDS.get(field)
        return known if isinstance(known, (int, float)) else schema.get("default", max(1, schema.get("minimum", 1)))
    if kind == "boolean":
        return schema.get("default", False)
    return _string(schema, field)


def _alternative(schema: Schema, owner: str, field: str, schemas: dict[str, Schema], within: tuple[str, ...]) -> Any:
    """The first that is not null, but null if it would repeat a schema inside of itself or lie too deep."""
    for each in schema["anyOf"]:
        if each.get("type") != "null" and not _is_too_deep(each, within):
            return _value(each, owner, field, schemas, within)
    return None


def _items(schema: Schema, owner: str, field: str, schemas: dict[str, Schema], within: tuple[str, ...]) -> list[Any]:
    """One item, or as many as there must be; none if it would lie too deep."""
    if "prefixItems" in schema:
        return [_value(each, owner, field, schemas, within) for each in schema["prefixItems"]]
    known = _FIELDS.get(field)
    if isinstance(known, list) and "$ref" not in schema["items"]:
        return known
    least = schema.get("minItems", 0)
    if not least and _is_too_deep(schema["items"], within):
        return []
    return [_value(schema["items"], owner, field, schemas, within)] * max(1, least)


def _is_too_deep(schema: Schema, within: tuple[str, ...]) -> bool:
    """Whether another schema is repeated inside of itself, or is more than one below the example's own."""
    reference = schema.get("$ref", "")
    return bool(reference) and (reference.rsplit("/", 1)[1] in within or len(within) > 1)


def _string(schema: Schema, field: str) -> str:
    """By its format, its name, or what the name ends in."""
    if "format" in schema:
        return _FORMATS[schema["format"]]
    if isinstance(known := _FIELDS.get(field), str):
        return known
    if field in ("id", "finding_id") and "[a-z][0-9]" in schema.get("pattern", ""):
        return "f1"
    if field == "job_id":
        return _JOB
    if field == "id" or field.endswith("_id") or field == "case":
        return _ID
    if field.endswith(("token", "secret")):
        return "shown-once-and-kept-by-you"
    return schema.get("default", field.replace("_", "-"))
