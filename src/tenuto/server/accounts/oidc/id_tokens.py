"""ID tokens: what is checked before a provider is believed.

Source: OpenID Connect Core 1.0, 3.1.3.7 and 3.1.3.8; RFC 8725.
"""

import base64
import hashlib
from typing import Any, Final

import msgspec

from tenuto.server.accounts.oidc.metadata import Described
from tenuto.server.accounts.oidc.provider import LoginRefused, ProviderFailed
from tenuto.server.accounts.texts import same
from tenuto.server.accounts.tokens import decoded

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
MORE: Final = ("ES512", "EdDSA", "Ed25519")
CHARS_MAX: Final = 20_000
LEEWAY_S: Final = 60
"""By so much the clocks of provider and server may differ."""
AGE_S_MAX: Final = 600
"""An older token was not made for this login."""

_HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that are checked; others are read where they are needed."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int
    nonce: str
    nbf: int | None = None
    azp: str | None = None
    at_hash: str | None = None


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    alg: str
    kid: str | None = None
    typ: str = "JWT"
    crit: msgspec.Raw | None = None
    b64: msgspec.Raw | None = None


async def verified(
    token: str, described: Described, *, nonce: str, access_token: str, now_s: int
) -> dict[str, Any]:
    """Return the claims of an ID token that was made for this login.

    Raises:
        LoginRefused: it was not, or is not signed by the provider.
        ProviderFailed: its keys cannot be had.
    """
    header, payload = _opened(token)
    if header.alg not in (*ALGORITHMS, *MORE) or header.typ.upper() != "JWT":
        raise LoginRefused("The ID token is signed in a way that is not taken.")
    if header.crit is not None or header.b64 is not None:
        raise LoginRefused("The ID token asks for what is not known here.")
    keys = await described.keys(lacking=header.kid)
    if not _is_signed(token, keys, header):
        raise LoginRefused("The ID token is not signed by the provider.")
    try:
        claims = msgspec.json.decode(payload, type=Claims)
        every: dict[str, Any] = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, RecursionError):
        raise LoginRefused("The ID token lacks claims, or they are of wrong types.") from None
    _check(claims, described, now_s)
    if not same(claims.nonce, nonce):
        raise LoginRefused("The ID token was made for another login.")
    if claims.at_hash is not None and not same(claims.at_hash, at_hash(header.alg, access_token)):
        raise LoginRefused("The ID token was made for another access token.")
    return every


def at_hash(algorithm: str, access_token: str) -> str:
    """Return the hash of an access token that an ID token of that algorithm names."""
    name = _HASHES.get(algorithm[-3:], "sha512")  # Ed25519 hashes with SHA-512.
    digest = hashlib.new(name, access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _check(claims: Claims, described: Described, now_s: int) -> None:
    provider = described.provider
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if claims.iss != provider.issuer:
        raise LoginRefused("The ID token is of another issuer.")
    if provider.client_id not in audience:
        raise LoginRefused("The ID token is for another client.")
    if (len(audience) > 1 or claims.azp is not None) and claims.azp != provider.client_id:
        raise LoginRefused("The ID token was asked for by another client.")
    if not claims.sub or len(claims.sub) > 255:
        raise LoginRefused("The ID token names nobody.")
    if (
        not now_s < claims.exp + LEEWAY_S
        or not now_s - AGE_S_MAX <= claims.iat <= now_s + LEEWAY_S
        or (claims.nbf is not None and claims.nbf > now_s + LEEWAY_S)
    ):
        raise LoginRefused("The ID token is not of this time.")


def _opened(token: str) -> tuple[_Header, bytes]:
    parts = token.split(".") if len(token) <= CHARS_MAX else []
    try:
        if len(parts) != 3:
            raise ValueError("no compact token")
        decoded(parts[2])
        return msgspec.json.decode(decoded(parts[0]), type=_Header), decoded(parts[1])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise LoginRefused("The ID token is none.") from None


def _is_signed(token: str, keys: Any, header: _Header) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    fitting = [key for key in keys if header.kid is None or key.kid == header.kid]
    # Without an id there must be no choice: to try keys in turn is to let the token choose.
    if header.kid is None and len(fitting) != 1:
        raise ProviderFailed("The ID token names no key, and the provider has several.")
    for key in fitting[:4]:
        try:
            jws.deserialize_compact(token, key, algorithms=[header.alg])
        except (JoseError, ValueError, TypeError):
            continue
        return True
    return False
