"""Security keys by WebAuthn: what the browser asks a key for, and checking what the key answers."""

import base64
import ipaddress
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import structlog
from sqlalchemy.orm import Session

from gateway.auth.repository import hash_secret
from gateway.auth.second_factor import repository
from gateway.auth.second_factor.models import Purpose, SecurityKey, SecurityKeyChallenge
from gateway.clock import now
from gateway.settings import GatewaySettings
from gateway.users.models import User

log = structlog.get_logger()

MOST_KEYS = 20
_LIFETIME = timedelta(minutes=5)
_CHALLENGE_BYTES = 32
_ALGORITHMS = (-8, -7, -257)  # those that `webauthn` takes unless told otherwise: EdDSA, ES256, RS256
_LONGEST_ID, _LONGEST_KEY = 1400, 4000  # characters of their columns; WebAuthn's ids have at most 1,023 bytes
_ID = re.compile(r"[A-Za-z0-9_-]+")
_PORTS = {"http": 80, "https": 443}


class Site(NamedTuple):
    """Where keys are registered: WebAuthn's relying party, and the only origin whose pages may ask keys."""

    host: str
    origin: str


def site_of(settings: GatewaySettings) -> Site | None:
    """The site of this server; None if browsers offer no keys: at an IP address, and without HTTPS."""
    parts = urlsplit(settings.public_url)
    host = (parts.hostname or "").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
        if parts.scheme == "https" or local:
            port = f":{parts.port}" if parts.port not in (None, _PORTS[parts.scheme]) else ""
            return Site(host, f"{parts.scheme}://{host}{port}")
    return None


def ask_for_new(session: Session, user: User, site: Site) -> dict[str, Any]:
    """The options for `navigator.credentials.create`, in the JSON form of WebAuthn level 3."""
    return {
        "rp": {"id": site.host, "name": "Lobule"},
        "user": {"id": _encode(user.id.encode()), "name": user.username, "displayName": user.display_name},
        "challenge": _draw_challenge(session, user, "registration"),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in _ALGORITHMS],
        "timeout": int(_LIFETIME.total_seconds() * 1000),
        "excludeCredentials": _descriptors(repository.keys_of(session, user.id)),
        "authenticatorSelection": {"residentKey": "discouraged", "userVerification": "preferred"},
        "attestation": "none",
    }


def ask_for_one(session: Session, user: User, purpose: Purpose, settings: GatewaySettings) -> dict[str, Any] | None:
    """The options for `navigator.credentials.get`, in the JSON form of WebAuthn level 3; None without any key.

    A key stands beside the password at a login, and in place of it as a proof: for that it has to know its owner, by a
    PIN or a finger.
    """
    site = site_of(settings)
    keys = repository.keys_of(session, user.id)
    if site is None or not keys:
        return None
    return {
        "challenge": _draw_challenge(session, user, purpose),
        "timeout": int(_LIFETIME.total_seconds() * 1000),
        "rpId": site.host,
        "allowCredentials": _descriptors(keys),
        "userVerification": "required" if purpose == "proof" else "preferred",
    }


def register(session: Session, user: User, name: str, answer: dict[str, Any], site: Site) -> SecurityKey | None:
    """Keep a new key; None if its answer is not one to a challenge of this user, or the key is known."""
    import webauthn  # only here and below: it takes a quarter of a second to import
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    challenge = _used_challenge(session, user, "registration", answer)
    if challenge is None:
        return None
    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
        decoded_public_key_to_cryptography(decode_credential_public_key(verified.credential_public_key))
    except Exception as error:  # noqa: BLE001 - the library raises what its parsers of CBOR and certificates do
        log.info("security_key_refused", error=type(error).__name__)
        return None
    credential_id, public_key = _encode(verified.credential_id), _encode(verified.credential_public_key)
    if len(credential_id) > _LONGEST_ID or len(public_key) > _LONGEST_KEY:
        return None
    if repository.key_by_credential(session, credential_id) is not None:
        return None
    key = SecurityKey(
        user_id=user.id,
        name=name,
        credential_id=credential_id,
        public_key=public_key,
        sign_count=verified.sign_count,
        transports=_transports(answer),
    )
    session.add(key)
    session.flush()
    return key


def accepts(
    session: Session, user: User, answer: dict[str, Any], purpose: Purpose, settings: GatewaySettings
) -> str | None:
    """The id of the user's key that has answered a challenge for this purpose, which is used up by that."""
    import webauthn

    site = site_of(settings)
    challenge = _used_challenge(session, user, purpose, answer)
    if site is None or challenge is None:
        return None
    named = answer.get("id")
    key = repository.key_by_credential(session, named) if isinstance(named, str) and _ID.fullmatch(named) else None
    if key is None or key.user_id != user.id:
        return None
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=_decode(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=purpose == "proof",
        )
    except Exception as error:  # noqa: BLE001 - as above
        log.info("security_key_refused", error=type(error).__name__)
        return None
    return key.id if repository.note_key_use(session, key, verified.new_sign_count) else None


def _draw_challenge(session: Session, user: User, purpose: Purpose) -> str:
    challenge = _encode(secrets.token_bytes(_CHALLENGE_BYTES))
    kept = SecurityKeyChallenge(
        challenge_hash=hash_secret(challenge), user_id=user.id, purpose=purpose, expires_at=now() + _LIFETIME
    )
    repository.keep_challenge(session, kept)
    return challenge


def _used_challenge(session: Session, user: User, purpose: Purpose, answer: dict[str, Any]) -> bytes | None:
    """The challenge that an answer is to, if it is one of this user's for this purpose; it is used up."""
    from webauthn.helpers import parse_client_data_json

    try:
        challenge = parse_client_data_json(_decode(answer["response"]["clientDataJSON"])).challenge
    except Exception:  # noqa: BLE001 - as above
        return None
    known = repository.use_challenge(session, user.id, purpose, hash_secret(_encode(challenge)))
    return challenge if known else None


def _descriptors(keys: Sequence[SecurityKey]) -> list[dict[str, Any]]:
    return [{"type": "public-key", "id": key.credential_id, "transports": key.transports} for key in keys]


def _transports(answer: dict[str, Any]) -> list[str]:
    """How the browser says that it reaches a key; names that WebAuthn does not know yet are kept, others are not."""
    named = answer["response"].get("transports")
    return [each for each in named if isinstance(each, str) and len(each) <= 20][:8] if isinstance(named, list) else []


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
