"""The language of the request that is being answered."""

from contextvars import ContextVar

from lobule.contracts.language import Language

request_language: ContextVar[Language] = ContextVar("request_language", default="en")
"""What `Accept-Language` asks for; English outside of requests."""
