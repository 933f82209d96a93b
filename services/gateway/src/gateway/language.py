"""The language of the request that is being answered."""

from contextvars import ContextVar
from typing import Annotated

from fastapi import Depends, Header, Query
from fastapi.responses import Response

from lobule.contracts.language import Language, negotiate_language

request_language: ContextVar[Language] = ContextVar("request_language", default="en")
"""What `Accept-Language` asks for; English outside of requests."""


def _answer_language(
    response: Response,
    lang: Annotated[
        Language | None, Query(description="language of sentences, instead of the Accept-Language header")
    ] = None,
    accept_language: Annotated[str | None, Header(max_length=500)] = None,
) -> Language:
    language = lang or negotiate_language(accept_language)
    response.headers["Content-Language"] = language
    return language


AnswerLanguage = Annotated[Language, Depends(_answer_language)]
"""The language of an answer's sentences, which its `Content-Language` names."""
