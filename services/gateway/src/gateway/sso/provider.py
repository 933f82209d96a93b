"""Speaks to the OpenID provider: its configuration, its keys, the exchange of a code, and the checks of its tokens."""

import ssl
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from lobule.settings import http_address

log = structlog.get_logger()

_TIMEOUT_S = 10.0
_MOST_AT_ONCE = 8  # exchanges of codes; each holds a thread of the gateway for as long as the provider is slow
_WAIT_S = 1.0  # for another thread that speaks to the provider
_AWAY_S = 10.0  # a provider that did not answer is not asked again before
_KEPT_S = 3600  # configuration and keys are asked for again after this
_KEYS_AT_MOST_EVERY_S = 5  # an unknown key has them fetched anew, but not for each forged token
_LEEWAY_S = 60
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures by a key pair. A secret that both sides know signs nothing here, and `none` is none."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OTHER_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_AT_MOST_S = 300


class _Kept:
    """A document of the provider's. One thread at a time fetches it, and the others do not wait for it for long."""

    def __init__(self) -> None:
        self._fetching = threading.Lock()
        self._value: dict[str, Any] = {}
        self._at = self._failed_at = float("-inf")

    def value(self, at_most_s: float, fetch: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The document, fetched again where it is older than that.

        Raises:
            ProblemError: `sso_unavailable`, 503: now, or a moment ago.
        """
        if time.monotonic() - self._at <= at_most_s:
            return self._value
        if time.monotonic() - self._failed_at <= _AWAY_S or not self._fetching.acquire(timeout=_WAIT_S):
            raise _unavailable()
        try:
            if time.monotonic() - self._at <= at_most_s:
                return self._value
            if time.monotonic() - self._failed_at <= _AWAY_S:
                raise _unavailable()
            try:
                self._value = fetch()
            except ProblemError:
                self._failed_at = time.monotonic()
                raise
            self._at = time.monotonic()
            return self._value
        finally:
            self._fetching.release()


class Provider:
    """The OpenID provider of the settings. Nothing is fetched before the first login."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._redirect = f"{settings.public_url}/login/oidc/callback"
        self._configuration, self._keys = _Kept(), _Kept()
        self._exchanges = threading.BoundedSemaphore(_MOST_AT_ONCE)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Created once, because it loads all CA certificates, which takes 25 ms of CPU time and more."""
        return httpx.create_ssl_context()

    def authorization_url(self, state: str, nonce: str, verifier: str, *, again: bool) -> str:
        """Where the browser goes to log in.

        Args:
            state: Returned with the answer, so that it is known to belong to this browser.
            nonce: Returned in the ID token, so that no other login's token is accepted.
            verifier: Verifier of PKCE; only its hash is sent now.
            again: Whether the person has to authenticate even if they are logged in at the provider.

        Raises:
            ProblemError: `sso_unavailable`, 503.
        """
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect,
            "scope": self._settings.oidc_scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        asked |= {"prompt": "login", "max_age": "0"} if again else {}
        return str(httpx.URL(self.configuration()["authorization_endpoint"]).copy_merge_params(asked))

    def claims(self, code: str, nonce: str, verifier: str) -> dict[str, Any]:
        """The claims about a person who logged in: of the ID token, completed by those of the user's information.

        Raises:
            ProblemError: `sso_refused` (403) or `sso_unavailable` (503).
        """
        if not self._exchanges.acquire(timeout=_WAIT_S):
            raise _unavailable()
        try:
            with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, verify=self._trust) as client:
                token = self._exchange(client, code, verifier)
                found = self._checked(token, nonce)
                return self._user_information(client, token["access_token"], found["sub"]) | found
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._away(error) from None
        except (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError) as error:
            log.warning("sso_refused", error=repr(error))
            raise ProblemError(403, "sso_refused") from None
        finally:
            self._exchanges.release()

    def _exchange(self, client: httpx.Client, code: str, verifier: str) -> dict[str, Any]:
        """The tokens for a code.

        Raises:
            ValueError: The provider refuses it.
        """
        settings = self._settings
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect}
        form |= {"client_id": settings.oidc_client_id, "code_verifier": verifier}
        secret = settings.oidc_client_secret
        auth = httpx.BasicAuth(settings.oidc_client_id, secret.get_secret_value()) if secret else httpx.Auth()
        answer = client.post(self.configuration()["token_endpoint"], data=form, auth=auth)
        if answer.is_client_error:
            raise ValueError(f"the provider refused the code: {answer.text[:200]}")
        answer.raise_for_status()
        return dict(answer.json())

    def _checked(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of the ID token in an answer, if it is the provider's, for us, and of this login."""
        settings, signed = self._settings, self._decode(token["id_token"])
        options = {"iss": {"value": self.configuration()["issuer"]}, "aud": {"value": settings.oidc_client_id}}
        params = {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token["access_token"]}
        CodeIDToken(signed.claims, signed.header, options=options, params=params).validate(leeway=_LEEWAY_S)
        return signed.claims

    def verify_logout_token(self, logout_token: str) -> tuple[str | None, str | None]:
        """Subject and session that a logout token of the provider's ends (OpenID Connect Back-Channel Logout 1.0, 2.6).

        Raises:
            ProblemError: `sso_logout_invalid` (400) or `sso_unavailable` (503).
        """
        try:
            claims = self._decode(logout_token).claims
            registry = jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_S,
                iss={"essential": True, "value": self.configuration()["issuer"]},
                aud={"essential": True, "value": self._settings.oidc_client_id},
                iat={"essential": True},
                jti={"essential": True},
            )
            registry.validate(claims)
            is_logout = isinstance(claims.get("events"), dict) and _LOGOUT in claims["events"]
            fresh = time.time() - claims["iat"] <= _LOGOUT_AT_MOST_S + _LEEWAY_S
            subject, session = claims.get("sub"), claims.get("sid")
            if not (is_logout and fresh and (subject or session)) or "nonce" in claims:
                raise ValueError("it is no logout token")
        except (JoseError, KeyError, TypeError, ValueError) as error:
            log.warning("sso_logout_refused", error=repr(error))
            raise ProblemError(400, "sso_logout_invalid") from None
        return subject, session

    def logout_url(self) -> str | None:
        """Where the browser ends the session at the provider; None if the provider has no such page."""
        there = self.configuration().get("end_session_endpoint")
        if there is None:
            return None
        back = f"{self._settings.public_url}/login"
        query = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": back}
        return str(httpx.URL(there).copy_merge_params(query))

    def configuration(self) -> dict[str, Any]:
        """The provider's configuration (OpenID Connect Discovery 1.0).

        Raises:
            ProblemError: `sso_unavailable`, 503.
        """
        return self._configuration.value(_KEPT_S, self._fetch_configuration)

    def problem(self) -> str | None:
        """The known reason for which nobody can log in through the provider; None if there is none."""
        try:
            self._key_set()
        except ProblemError as error:
            return "; ".join(error.__notes__)
        except (JoseError, ValueError) as error:
            return str(error)
        return None

    def _fetch_configuration(self) -> dict[str, Any]:
        issuer = self._settings.oidc_issuer
        found = self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise self._away(ValueError(f"the configuration is of {found.get('issuer')}"))
        asked = (*_ENDPOINTS, *(name for name in _OTHER_ENDPOINTS if found.get(name) is not None))
        wrong = [name for name in asked if not _is_address(found.get(name))]
        if wrong:
            raise self._away(ValueError(f"the configuration has no valid address as {', '.join(wrong)}"))
        return found

    def _key_set(self, *, anew: bool = False) -> KeySet:
        address = self.configuration()["jwks_uri"]
        kept = self._keys.value(_KEYS_AT_MOST_EVERY_S if anew else _KEPT_S, lambda: self._fetch(address))
        return KeySet.import_key_set(kept)  # pyright: ignore[reportArgumentType] - JSON of the provider

    def _decode(self, token: str) -> jwt.Token:
        """Verify and decode a token of the provider; for an unknown key, its keys are fetched again."""
        try:
            return jwt.decode(token, self._key_set(), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._key_set(anew=True), algorithms=_ALGORITHMS)

    def _user_information(self, client: httpx.Client, access_token: str, subject: str) -> dict[str, Any]:
        address = self.configuration().get("userinfo_endpoint")
        if address is None:
            return {}
        answer = client.get(address, headers={"Authorization": f"Bearer {access_token}"})
        answer.raise_for_status()
        found = answer.json()
        if found.get("sub") != subject:
            raise ValueError("the user's information is of somebody else")
        return found

    def _fetch(self, address: str) -> dict[str, Any]:
        try:
            answer = httpx.get(address, timeout=_TIMEOUT_S, follow_redirects=False, verify=self._trust)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL, TypeError, ValueError) as error:
            raise self._away(error) from None

    @staticmethod
    def _away(error: Exception) -> ProblemError:
        log.warning("sso_unavailable", error=repr(error))
        unavailable = _unavailable()
        unavailable.add_note(str(error) or type(error).__name__)
        return unavailable


def _is_address(value: object) -> bool:
    """Whether a value of the configuration is an address that can be asked."""
    try:
        return isinstance(value, str) and bool(httpx.URL(http_address(value)).host)
    except (ValueError, httpx.InvalidURL):
        return False


def _unavailable() -> ProblemError:
    return ProblemError(503, "sso_unavailable", headers={"Retry-After": "10"})
