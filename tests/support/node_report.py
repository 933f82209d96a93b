"""A status report of a DICOM node, in the form that it sends."""


def told(**changes) -> dict:
    at = "2026-11-01T08:00:00+00:00"
    peers = [
        {"name": "PACS", "protocol": "dicom", "address": "10.0.0.5:104", "roles": ["destination"], "dead": 1},
        {"name": "hl7:RIS@10.0.0.6:2575", "protocol": "hl7", "address": "10.0.0.6:2575", "roles": ["destination"]},
        {"name": "priors:PACS@10.0.0.5:104", "protocol": "dicom", "address": "PACS@10.0.0.5:104", "roles": ["priors"]},
    ]
    called = {"at": at, "calling_ae": "MODALITY", "called_ae": "LOBULE", "address": "10.0.0.9"}
    report = {
        "ae_title": "LOBULE",
        "version": "1.0",
        "started_at": at,
        "free_bytes": 5 * 2**30,
        "collecting": 2,
        "waiting": 3,
        "peers": [each | {"results": ["findings"]} for each in peers],
        "rules": [
            {"name": "no biopsies", "action": "refuse", "status": "A900", "patterns": {"description": "*biopsy*"}}
        ],
        "dead": [
            {
                "kind": "findings",
                "version": 2,
                "case": "PACS-1234",
                "recipient": "PACS",
                "problem": "status_A700",
                "attempts": 9,
                "made_at": at,
            }
        ],
        "films": [
            {"case": "PACS-9", "calling_ae": "CT", "received_at": at, "state": "refused", "problem": "image_unreadable"}
        ],
        "associations": [
            called | {"outcome": "ended", "statuses": {"0000": 4, "0122": 1}},
            called | {"outcome": "rejected", "statuses": {}, "calling_ae": "STRANGER"},
        ],
        "worklist": {
            "address": "https://pacs.example/dicom-web",
            "searched_at": at,
            "problem": "http_503",
            "open": 1,
            "items": [
                {"case": "PACS-1234", "state": "reading", "claimed_at": at, "attempts": 0, "problem": None},
                {"case": None, "state": "cancelled", "claimed_at": at, "attempts": 1, "problem": "no_mammogram"},
            ],
        },
    }
    return report | changes
