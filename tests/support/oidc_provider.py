"""An OpenID provider on loopback, with Authlib: it logs in the person that the test sets, without a dialog."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "lobule", "secret of the tests"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class _Client(ClientMixin):
    client_id, id_token_signed_response_alg = CLIENT, "RS256"

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri.endswith("/login/oidc/callback")

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class _Code(AuthorizationCodeMixin):
    def __init__(self, code: str, data: dict[str, str], person: dict[str, Any], auth_time: int) -> None:
        self.code, self.data, self.person, self.auth_time = code, data, person, auth_time
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self) -> str | None:
        return self.data.get("redirect_uri")

    def get_scope(self) -> str | None:
        return self.data.get("scope")

    def get_nonce(self) -> str | None:
        return self.data.get("nonce")

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class OidcProvider:
    """The provider.

    Attributes:
        person: Claims of the person who logs in, with `sid`.
        logged_in_at: Time of that person's login; `prompt=login` requires a new one.
        issuer: Its address.
        asked: The received authorization requests.
    """

    def __init__(self) -> None:
        self.person: dict[str, Any] = {
            "sub": "4711",
            "preferred_username": "Grace",
            "name": "Dr Grace",
            "groups": ["staff", "radiology"],
            "sid": "session-1",
        }
        self.logged_in_at = int(time.time())
        self.issuer = ""
        self.asked: list[dict[str, str]] = []
        self.spoil: dict[str, Any] = {}
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, dict[str, Any]] = {}
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is no longer published."""
        self.key = RSAKey.generate_key(2048, {"kid": uuid.uuid4().hex, "use": "sig", "alg": "RS256"}, auto_kid=False)

    def sign(self, claims: dict[str, Any], **header: str) -> str:
        """Sign a token with these claims."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid} | header, claims, self.key)

    def logout_token(self, **changes: Any) -> str:
        """A logout token for the person's session; a claim that is None is left out."""
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": int(time.time()), "exp": int(time.time()) + 120}
        claims |= {"jti": uuid.uuid4().hex, "events": {LOGOUT_EVENT: {}}, "sid": self.person["sid"]}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return self.sign(claims, typ="logout+jwt")

    def app(self) -> flask.Flask:
        """The provider's web application."""
        provider, app = self, flask.Flask("provider")

        def save_token(token, request):
            provider._tokens[token["access_token"]] = request.user

        server = AuthorizationServer(app, lambda name: _Client() if name == CLIENT else None, save_token)
        server.register_grant(*_grant(provider))
        protect = ResourceProtector()
        protect.register_token_validator(_validator(provider))

        @app.get("/.well-known/openid-configuration")
        def configuration():
            pages = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo"}
            pages |= {"jwks_uri": "jwks", "end_session_endpoint": "logout"}
            return {"issuer": provider.issuer, **{name: f"{provider.issuer}/{page}" for name, page in pages.items()}}

        @app.get("/jwks")
        def jwks():
            return KeySet([provider.key]).as_dict(private=False)

        @app.get("/authorize")
        def authorize():
            asked = dict(parse_qsl(flask.request.query_string.decode()))
            provider.asked.append(asked)
            if asked.get("prompt") == "login":
                provider.logged_in_at = int(time.time())
            grant = server.get_consent_grant(end_user=provider.person)
            return server.create_authorization_response(grant_user=provider.person, grant=grant)

        @app.post("/token")
        def token():
            return server.create_token_response()

        @app.get("/userinfo")
        def userinfo():
            with protect.acquire() as person:
                return dict(person)

        return app


def _grant(provider: OidcProvider) -> tuple[type, list]:
    """The exchange of a code, which requires PKCE and a nonce."""

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]  # noqa: RUF012 - Authlib's own convention

        def save_authorization_code(self, code, request):
            data = dict(request.payload.data)
            provider._codes[code] = _Code(code, data, dict(provider.person), provider.logged_in_at)

        def query_authorization_code(self, code, _client):
            return provider._codes.get(code)

        def delete_authorization_code(self, code):
            provider._codes.pop(code.code)

        def authenticate_user(self, code):
            return code.person

    class Code(OpenIDCode):
        def exists_nonce(self, nonce, _request):
            return any(code.get_nonce() == nonce for code in provider._codes.values())

        def resolve_client_private_key(self, _client):
            return provider.key

        def get_client_claims(self, _client):
            return {"iss": provider.issuer, "aud": [CLIENT]}

        def get_encode_header(self, _client):
            return {"alg": "RS256", "kid": provider.key.kid}

        def generate_user_info(self, user, _scope):
            said = {name: user[name] for name in ("sub", "sid") if name in user}
            return UserInfo(**(said | provider.spoil))

    return CodeGrant, [Code(require_nonce=True), CodeChallenge(required=True)]


def _validator(provider: OidcProvider) -> BearerTokenValidator:
    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string):
            return provider._tokens.get(token_string)

        def validate_token(self, token, _scopes, _request, **_kwargs):
            assert token is not None

    return Validator()


@contextmanager
def running_provider() -> Iterator[OidcProvider]:
    """Run a provider on a free port; Authlib must be allowed to serve plain HTTP."""
    provider = OidcProvider()
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join(10)
    server.server_close()
