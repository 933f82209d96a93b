"""Executes a request with an `Idempotency-Key` once (draft-ietf-httpapi-idempotency-key-header).

The key is written in the same transaction as the request's changes. A request that fails leaves no key, and a request
whose response was lost is not executed again. Responses are stored for a day.
"""

import hashlib
from datetime import timedelta
from typing import NoReturn

from cryptography.fernet import InvalidToken
from fastapi import FastAPI, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.types import Scope

from gateway.clock import now
from gateway.database import only_reads
from gateway.encryption import cipher_for
from gateway.errors import ProblemError
from gateway.idempotency import repository
from gateway.idempotency.models import KeyedRequest

REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(days=1)
PURPOSE = "idempotency"


class Claim:
    """The idempotency key of a request.

    Attributes:
        key: The key as it was sent.
        noted: Identifier of its row; None until the request's transaction has written it.
    """

    def __init__(self, key: str, scope: Scope) -> None:
        self.key = key
        self.noted: repository.RequestKey | None = None
        self.digest = hashlib.sha256(f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n")


class ReplayedResponseError(Exception):
    """The request was executed before; this is its response."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


def claim_key(request: Request, session: Session, user_id: str) -> None:
    """Write the key of a request in its transaction, or return the response of the earlier request with this key.

    Raises:
        ReplayedResponseError: The same request was executed before.
        ProblemError: `key_reused` (422) or `answer_lost` (409).
    """
    claim = _claim(request)
    if claim is None or only_reads(session):
        return
    repository.forget(session, now() - KEPT_FOR, user_id)
    noted_at = repository.add(session, user_id, claim.key, _digest(request, claim))
    if noted_at is None:
        _replay(request, claim, repository.find(session, user_id, claim.key))
    else:
        claim.noted = repository.RequestKey(user_id, claim.key, noted_at)


def replay(request: Request, session: Session, user_id: str) -> None:
    """Return the response of the earlier request with this key, if there was one; the session may be read-only.

    A request that does work before its transaction begins calls this first, because the earlier request may have
    changed what it checks. It still has to call `claim_key`.

    Raises:
        ReplayedResponseError, ProblemError: See `claim_key`.
    """
    claim = _claim(request)
    known = repository.find(session, user_id, claim.key) if claim is not None else None
    if claim is not None and known is not None and known.created_at >= now() - KEPT_FOR:
        _replay(request, claim, known)


def _claim(request: Request) -> Claim | None:
    return getattr(request.state, "idempotency", None)


def _digest(request: Request, claim: Claim) -> str:
    digest = claim.digest.copy()
    token = getattr(request.state, "api_token", None)
    if token is not None:  # its owner's responses may contain data that the token may not read
        digest.update(f"\n{token.id}".encode())
    return digest.hexdigest()


def _replay(request: Request, claim: Claim, known: KeyedRequest | None) -> NoReturn:
    if known is not None and known.digest != _digest(request, claim):
        raise ProblemError(422, "key_reused")
    if known is None or known.status is None or known.body is None:
        raise ProblemError(409, "answer_lost")
    try:
        body = cipher_for(request.app.state.settings, PURPOSE).decrypt(known.body.encode())
    except InvalidToken:  # the server's secret was replaced
        raise ProblemError(409, "answer_lost") from None
    raise ReplayedResponseError(Response(body, known.status, {**(known.headers or {}), REPLAYED: "true"}))


def install_replays(app: FastAPI) -> None:
    """Return the stored response of a request that was executed before."""

    @app.exception_handler(ReplayedResponseError)
    async def answer(_request: Request, known: ReplayedResponseError) -> Response:
        return known.answer
