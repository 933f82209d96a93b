"""Serves the sentences of scripts as separate scripts, which are compressed and cached, unlike most pages.

A page that repeats something of its address is not compressed, because it holds secrets, too (BREACH); sentences are
no secret.
"""

import gzip
import hashlib
import json
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.errors import not_found
from gateway.portal.pages import takes_gzip
from gateway.portal.scripts import is_script, sentences_for
from gateway.portal.words import PageWords
from lobule.contracts.language import Language

router = APIRouter(include_in_schema=False)

PARTS = (
    "breast",
    "clinical",
    "common",
    "doubts",
    "errors",
    "examined",
    "findings",
    "newcase",
    "notice",
    "reading",
    "signature",
    "steps",
    "supersede",
    "tools",
    "worklist",
)
"""The parts of the catalogue that scripts with sentences of their own speak from."""


@router.get("/words/{language}/{script:path}")
def script_words(language: Language, script: str, request: Request) -> Response:
    """The sentences that a script and its modules use, assigned to `globalThis.sentences`."""
    if not is_script(script):
        raise not_found("script")
    content, etag = _written(language, script)
    headers = {"Cache-Control": "no-cache", "ETag": etag, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status_code=304, headers=headers)
    if takes_gzip(request):
        return Response(content, media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(content), media_type="text/javascript", headers=headers)


@lru_cache(maxsize=64)
def _written(language: Language, script: str) -> tuple[bytes, str]:
    """The compressed script of sentences and its ETag."""
    sentences = sentences_for(script, PageWords(language).parts(*PARTS))
    content = json.dumps(sentences, ensure_ascii=False, separators=(",", ":"))
    written = f"globalThis.sentences = {{ ...globalThis.sentences, ...{content} }};".encode()
    return gzip.compress(written, mtime=0), f'"{hashlib.sha256(written).hexdigest()[:20]}"'
