"""Carries a request with an `Idempotency-Key` out once (draft-ietf-httpapi-idempotency-key-header).

The key is written in the transaction of the request's change, so that one is there if and only if the other is: a
request that fails leaves no key, and one whose answer was lost is never carried out again. Answers are kept for a day.
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
from gateway.errors import ProblemError
from gateway.idempotency import repository
from gateway.idempotency.models import KeyedRequest
from gateway.vault import vault

REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(days=1)
PURPOSE = "idempotency"


class Claim:
    """A key that a request came with.

    Attributes:
        key: As it was sent.
        noted: Its row, once the request's transaction has noted it; None before, and where it is not noted.
    """

    def __init__(self, key: str, scope: Scope) -> None:
        self.key = key
        self.noted: repository.Noted | None = None
        self.digest = hashlib.sha256(f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n")


class AnsweredBeforeError(Exception):
    """The request was carried out before; this is its answer."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


def hold(request: Request, session: Session, user_id: str) -> None:
    """Note the key of a request in its transaction, or give the answer of the request that had the key before.

    Raises:
        AnsweredBeforeError: The same request was carried out before.
        ProblemError: `key_reused` (422) or `answer_lost` (409).
    """
    claim = _claim(request)
    if claim is None or only_reads(session):
        return
    repository.forget(session, now() - KEPT_FOR, user_id)
    noted_at = repository.add(session, user_id, claim.key, _digest(request, claim))
    if noted_at is None:
        _answer_again(request, claim, repository.find(session, user_id, claim.key))
    else:
        claim.noted = repository.Noted(user_id, claim.key, noted_at)


def answer_again(request: Request, session: Session, user_id: str) -> None:
    """Give the answer of the request that had the key before, if there was one; the session may only read.

    A request that works on something before its transaction begins asks here first: what it checks may have been
    changed by the request that had the key. It still has to `hold` its key.

    Raises:
        AnsweredBeforeError, ProblemError: See `hold`.
    """
    claim = _claim(request)
    known = repository.find(session, user_id, claim.key) if claim is not None else None
    if claim is not None and known is not None and known.created_at >= now() - KEPT_FOR:
        _answer_again(request, claim, known)


def _claim(request: Request) -> Claim | None:
    return getattr(request.state, "keyed", None)


def _digest(request: Request, claim: Claim) -> str:
    digest = claim.digest.copy()
    token = getattr(request.state, "api_token", None)
    if token is not None:  # it is not given the answers of its owner, which may hold what no token may have
        digest.update(f"\n{token.id}".encode())
    return digest.hexdigest()


def _answer_again(request: Request, claim: Claim, known: KeyedRequest | None) -> NoReturn:
    if known is not None and known.digest != _digest(request, claim):
        raise ProblemError(422, "key_reused")
    if known is None or known.status is None or known.body is None:
        raise ProblemError(409, "answer_lost")
    try:
        body = vault(request.app.state.settings, PURPOSE).decrypt(known.body.encode())
    except InvalidToken:  # the server's secret was replaced
        raise ProblemError(409, "answer_lost") from None
    raise AnsweredBeforeError(Response(body, known.status, {**(known.headers or {}), REPLAYED: "true"}))


def install_answers(app: FastAPI) -> None:
    """Answer a request that was carried out before."""

    @app.exception_handler(AnsweredBeforeError)
    async def answer(_request: Request, known: AnsweredBeforeError) -> Response:
        return known.answer
