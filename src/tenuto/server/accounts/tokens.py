"""Access tokens: JWTs that this server makes and that only it verifies.

HS256 with the server's key: there is no public key that could be mistaken for a secret, and the
algorithm is not the token's to choose. Before the library sees a token, its form is checked here:
one spelling, one header, no claim but ours. Roles are not in it: they are read from the record.

Source: RFC 7515, 7519, and 8725 (best current practices) for what is refused.
"""

import base64
import binascii
import hashlib
from collections import OrderedDict
from functools import lru_cache
from typing import Any, Final

import msgspec

from tenuto.ports.clock import Clock
from tenuto.server.accounts.refusals import NotAuthenticated
from tenuto.server.accounts.signing import SigningKey, SigningKeys

ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"
"""Source: RFC 9068; tokens for other purposes have other types."""
SECONDS: Final = 10 * 60
SECONDS_MAX: Final = 15 * 60
CHARS_MAX: Final = 2_000
CACHED_MAX: Final = 10_000
TIME_MAX: Final = 1 << 40
"""Seconds; beyond any clock, and far within the integers of every language."""


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims of an access token; all are needed, and there are no others."""

    iss: str
    aud: str
    sub: str
    org: str
    sid: str
    """The login that it belongs to."""
    jti: str
    iat: int
    nbf: int
    exp: int


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


class Tokens:
    """Makes and verifies access tokens."""

    def __init__(
        self, keys: SigningKeys, clock: Clock, *, issuer: str = "tenuto", seconds: int = SECONDS
    ) -> None:
        assert 0 < seconds <= SECONDS_MAX
        self.keys = keys
        self.seconds = seconds
        self._clock, self._issuer, self._audience = clock, issuer, f"{issuer}/api"
        self._verified: OrderedDict[bytes, Access] = OrderedDict()

    def make(self, *, user: str, organisation: str, login: str, jti: str) -> tuple[str, int]:
        """Return a token, and when it ends, in milliseconds since 1970."""
        now = self._clock.now_ms() // 1000
        claims = Access(
            iss=self._issuer,
            aud=self._audience,
            sub=user,
            org=organisation,
            sid=login,
            jti=jti,
            iat=now,
            nbf=now,
            exp=now + self.seconds,
        )
        return signed(claims, self.keys.first), claims.exp * 1000

    def verify(self, token: str) -> Access:
        """Return what a token claims. One that was verified before costs a digest.

        Raises:
            NotAuthenticated: it is not one of ours, or not of this time.
        """
        if len(token) > CHARS_MAX:
            raise NotAuthenticated
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        now = self._clock.now_ms() // 1000
        found = self._verified.get(digest)
        if found is None:
            found = self._checked(token, now)
            self._verified[digest] = found
            if len(self._verified) > CACHED_MAX:
                self._verified.popitem(last=False)
        if not found.nbf <= now < found.exp:
            self._verified.pop(digest, None)
            raise NotAuthenticated
        return found

    def _checked(self, token: str, now: int) -> Access:
        parts = token.split(".")
        if len(parts) != 3:
            raise NotAuthenticated
        try:
            header: _Header = _object(decoded(parts[0]), _Header)
            claims: Access = _object(decoded(parts[1]), Access)
            decoded(parts[2])
        except (ValueError, msgspec.MsgspecError, RecursionError):
            raise NotAuthenticated from None
        key = self.keys.get(header.kid)
        if header.alg != ALGORITHM or header.typ != TYPE or key is None:
            raise NotAuthenticated
        if not _is_signed(token, key):
            raise NotAuthenticated
        if (
            claims.iss != self._issuer
            or claims.aud != self._audience
            or not claims.sub
            or not claims.org
            or not claims.sid
            or not claims.jti
            or not 0 < claims.iat <= claims.exp < TIME_MAX
            or not claims.iat <= claims.nbf <= now
            or claims.exp - claims.iat > SECONDS_MAX
        ):
            raise NotAuthenticated
        return claims


def signed(claims: msgspec.Struct, key: SigningKey, *, type: str = TYPE) -> str:
    """Return `claims` as a token signed with `key`."""
    from joserfc import jws

    header = {"alg": ALGORITHM, "kid": key.kid, "typ": type}
    payload = msgspec.json.encode(claims)
    return jws.serialize_compact(header, payload, _secret(key), algorithms=[ALGORITHM])


def decoded(part: str) -> bytes:
    """Return the bytes of a part of a token.

    Raises:
        ValueError: it is no base64url without padding, or not the one spelling of its bytes.
    """
    try:
        raw = base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise ValueError("another spelling")
    return raw


def _object(raw: bytes, type: Any) -> Any:
    found = msgspec.json.decode(raw, type=type)
    # A name that stands twice means one thing to one reader and another to the next. So only the
    # one spelling is taken in which this server writes.
    if msgspec.json.encode(found) != raw:
        raise ValueError("another spelling")
    return found


def _is_signed(token: str, key: SigningKey) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        jws.deserialize_compact(token, _secret(key), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return False
    return True


@lru_cache(64)
def _secret(key: SigningKey) -> Any:
    from joserfc.jwk import OctKey

    return OctKey.import_key(key.derived("access"), {"alg": ALGORITHM, "use": "sig"})
