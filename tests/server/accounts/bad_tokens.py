"""Bad access tokens of every family, each with the reason why it must be refused.

Made like the test vectors of project Wycheproof: each is a good token but for one thing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenuto.server.accounts.signing import SigningKey

CLAIMS: Final = ("iss", "aud", "sub", "org", "sid", "jti", "iat", "nbf", "exp")
HUGE: Final = "9" * 400


def b64(raw: bytes | str) -> str:
    """Return base64url without padding."""
    data = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Forge:
    """Makes tokens that are signed with `key`, whatever stands in them."""

    def __init__(self, key: SigningKey, claims: dict[str, Any]) -> None:
        self.key, self.claims = key, claims
        self.header = {"alg": "HS256", "kid": key.kid, "typ": "at+jwt"}

    def sign(self, header: str, payload: str, secret: bytes | None = None) -> str:
        """Return the token with these texts as header and payload."""
        head = f"{b64(header)}.{b64(payload)}"
        return self.seal(head, secret)

    def seal(self, head: str, secret: bytes | None = None) -> str:
        """Return `head` with a signature over it."""
        given = self.key.derived("access") if secret is None else secret
        return f"{head}.{b64(hmac.digest(given, head.encode(), 'sha256'))}"

    def good(self) -> str:
        """Return a token that is in order."""
        return self.with_claims()

    def with_header(self, **more: Any) -> str:
        """Return a token whose header is changed; None takes a member away."""
        return self.sign(_text({**self.header, **more}), _text(self.claims))

    def with_claims(self, **more: Any) -> str:
        """Return a token whose claims are changed; None takes one away."""
        return self.sign(_text(self.header), _text({**self.claims, **more}))


def _text(members: dict[str, Any]) -> str:
    kept = {name: value for name, value in members.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"))


def families() -> list[Callable[[Forge], Iterator[tuple[str, str]]]]:
    """Return what makes the tokens of each family: pairs of reason and token."""
    return [
        algorithms,
        public_keys,
        key_ids,
        headers,
        spellings,
        signatures,
        repeated_names,
        serializations,
        types_of_claims,
        times,
        audiences,
        missing,
        sizes,
    ]


def algorithms(forge: Forge) -> Iterator[tuple[str, str]]:
    for name in ("none", "None", "NONE", "nOnE", "", "HS256 ", "hs256", "HS384", "HS512", "RS256"):
        token = forge.with_header(alg=name)
        yield f"alg {name!r}, signed", token
        yield f"alg {name!r}, no signature", token.rpartition(".")[0] + "."
    for value in (None, 1, True, ["HS256"], {"HS256": 1}):
        yield f"alg {value!r}", forge.with_header(alg=value)


def public_keys(forge: Forge) -> Iterator[tuple[str, str]]:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys: list[tuple[str, Any]] = [
        ("RS256", rsa_key.public_key()),
        ("ES256", ec.generate_private_key(ec.SECP256R1()).public_key()),
        ("EdDSA", Ed25519PrivateKey.generate().public_key()),
    ]
    for name, public in keys:
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = f"{b64(_text(forge.header))}.{b64(_text(forge.claims))}"
        yield f"HS256 with a public key of {name}", forge.seal(head, pem)
        yield f"{name} with a key of their own", forge.with_header(alg=name)
    head = f"{b64(_text({**forge.header, 'alg': 'ES256'}))}.{b64(_text(forge.claims))}"
    order = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
    for r, s in [(0, 0), (0, 1), (1, 0), (order, order), (order, 0), (1, 1), (2**256 - 1, 1)]:
        signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        yield f"ES256 with r={r:x} s={s:x}", f"{head}.{signature}"


def key_ids(forge: Forge) -> Iterator[tuple[str, str]]:
    kid = forge.key.kid
    for value in [
        *(None, "", " ", 0, True, [kid], {"kid": kid}),
        *(
            "../../../dev/null",
            "/dev/null",
            "file:///dev/null",
            f"./{kid}",
            f"{kid}/",
            f"{kid}\x00",
        ),
        *("' OR '1'='1", "' UNION SELECT 'a", "$(id)", "|id", kid.lower() + "x", kid[:-1]),
    ]:
        token = forge.with_header(kid=value)
        yield f"kid {value!r}", token
        for secret in (b"", b"\x00", b"a"):
            head = token.rpartition(".")[0]
            yield f"kid {value!r}, signed with {secret!r}", forge.seal(head, secret)


def headers(forge: Forge) -> Iterator[tuple[str, str]]:
    oct_key = {"kty": "oct", "k": b64(b"a" * 32), "alg": "HS256"}
    for name, value in [
        ("jku", "https://attacker.example/keys"),
        ("jku", "http://127.0.0.1:1/"),
        ("x5u", "https://attacker.example/chain"),
        ("x5c", ["MIIB"]),
        ("x5t", "abc"),
        ("jwk", oct_key),
        ("crit", ["exp"]),
        ("crit", []),
        ("crit", ["b64"]),
        ("crit", "b64"),
        ("crit", [""]),
        ("b64", False),
        ("b64", True),
        ("zip", "DEF"),
        ("enc", "A128GCM"),
        ("cty", "JWT"),
        ("cty", "at+jwt"),
        ("exp", 4102444800),
        ("unknown", 1),
    ]:
        yield f"{name} {value!r}", forge.with_header(**{name: value})
    own = forge.with_header(jwk=oct_key).rpartition(".")[0]
    yield "a key that the token brings", forge.seal(own, b"a" * 32)
    unencoded = _text({**forge.header, "b64": False, "crit": ["b64"]})
    yield "an unencoded payload", forge.seal(f"{b64(unencoded)}.{_text(forge.claims)}")
    for value in (None, "", "JWT", "jwt", "AT+JWT", "application/at+jwt", "rt+jwt", 1, ["at+jwt"]):
        yield f"typ {value!r}", forge.with_header(typ=value)
    inner = forge.good()
    yield "a token within a token", forge.sign(_text(forge.header), inner)
    yield "a token as a text", forge.sign(_text(forge.header), json.dumps(inner))


def spellings(forge: Forge) -> Iterator[tuple[str, str]]:
    good = forge.good()
    head, payload, signature = good.split(".")
    yield "padding of the signature", good + "="
    yield "padding of the header", forge.seal(f"{head}=.{payload}")
    yield "two of padding", forge.seal(f"{head}.{payload}==")
    for blank in (" ", "\n", "\t", "\r\n", "\x00", "\u00a0", "\u200b", "\ufeff"):
        yield f"{blank!r} before", blank + good
        yield f"{blank!r} after", good + blank
        yield f"{blank!r} within", f"{head}.{payload[:4]}{blank}{payload[4:]}.{signature}"
    standard = signature.replace("-", "+").replace("_", "/")
    if standard != signature:
        yield "the alphabet of other base64", f"{head}.{payload}.{standard}"
    yield "characters of no base64", f"{head}.{payload}.{signature[:-1]}!"
    yield "other letters", f"{head}.{payload}.{'а' + signature[1:]}"
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = last[(last.index(signature[-1]) & ~3) | ((last.index(signature[-1]) + 1) & 3)]
    yield "bits that no byte holds", f"{head}.{payload}.{signature[:-1]}{other}"
    for name, text in [
        ("spaces in the header", json.dumps(forge.header)),
        ("a space after the header", _text(forge.header) + " "),
        ("two headers", _text(forge.header) * 2),
        ("no header", ""),
        ("a header that is no object", '["HS256"]'),
        ("a header that is null", "null"),
        ("a header that is no JSON", "{alg:HS256}"),
        ("a comma too many", _text(forge.header)[:-1] + ",}"),
    ]:
        yield name, forge.sign(text, _text(forge.claims))
    marked = b64(b"\xef\xbb\xbf" + _text(forge.header).encode())
    yield "a byte order mark", forge.seal(f"{marked}.{payload}")
    wide = b64(_text(forge.header).encode("utf-16"))
    yield "UTF-16", forge.seal(f"{wide}.{payload}")
    broken = b64(_text(forge.claims).encode().replace(b"tenuto", b"ten\xff\xfeto"))
    yield "broken UTF-8", forge.seal(f"{head}.{broken}")


def signatures(forge: Forge) -> Iterator[tuple[str, str]]:
    good = forge.good()
    head, _, signature = good.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=")
    yield "no signature", head + "."
    yield "no third part", head
    for size in (1, 16, 31):
        yield f"{size} bytes of the signature", f"{head}.{b64(raw[:size])}"
    yield "a byte more", f"{head}.{b64(raw + bytes(1))}"
    yield "twice the signature", f"{head}.{b64(raw * 2)}"
    yield "a signature of zeros", f"{head}.{b64(bytes(32))}"
    for place in (0, 15, 31):
        changed = bytearray(raw)
        changed[place] ^= 1
        yield f"byte {place} of the signature changed", f"{head}.{b64(bytes(changed))}"
    yield "a plain digest", f"{head}.{b64(hashlib.sha256(head.encode()).digest())}"
    for name, secret in [
        ("another server", hashlib.sha256(b"another server").digest()),
        ("the key that others derive from", forge.key.secret),
        ("what refreshes", forge.key.derived("refresh")),
        ("an empty key", b""),
        ("the id of the key", forge.key.kid.encode()),
    ]:
        yield f"signed with {name}", forge.seal(head, secret)
    other = forge.with_claims(sub="somebody")
    yield "claims of another token", f"{'.'.join(other.split('.')[:2])}.{signature}"


def repeated_names(forge: Forge) -> Iterator[tuple[str, str]]:
    header, claims = _text(forge.header), _text(forge.claims)
    for name, value in forge.header.items():
        again = json.dumps(value)
        yield (
            f"{name} twice in the header",
            forge.sign(header[:-1] + f',"{name}":{again}}}', claims),
        )
        yield f"{name} first", forge.sign(f'{{"{name}":"none",' + header[1:], claims)
    for name in CLAIMS:
        again = json.dumps(forge.claims[name])
        yield f"{name} twice", forge.sign(header, claims[:-1] + f',"{name}":{again}}}')
        escaped = f"\\u{ord(name[0]):04x}{name[1:]}"
        yield f"{name} escaped", forge.sign(header, claims[:-1] + f',"{escaped}":{again}}}')
        spaced = claims[:-1] + f',"{name}" :{again}}}'
        yield f"{name} twice, spaced", forge.sign(header, spaced)


def serializations(forge: Forge) -> Iterator[tuple[str, str]]:
    head, payload, signature = forge.good().split(".")
    flat = {"protected": head, "payload": payload, "signature": signature}
    yield "flattened JSON", json.dumps(flat)
    general = {
        "payload": payload,
        "signatures": [{"protected": head, "signature": signature}],
    }
    yield "general JSON", json.dumps(general)
    encrypted = b64('{"alg":"dir","enc":"A128GCM"}')
    yield "a JWE", f"{encrypted}..{b64(bytes(12))}.{b64(b'text')}.{b64(bytes(16))}"
    yield "five parts", f"{forge.good()}.."
    yield "four parts", f"{forge.good()}."
    yield "a detached payload", f"{head}..{signature}"
    yield "nothing", ""
    yield "dots", ".."
    yield "a scheme before it", f"Bearer {forge.good()}"
    yield "two tokens", f"{forge.good()},{forge.good()}"
    yield "a lone surrogate", forge.good() + "\ud800"


def types_of_claims(forge: Forge) -> Iterator[tuple[str, str]]:
    wrong: tuple[Any, ...] = (1, 1.5, True, [], ["x"], {}, {"x": 1}, "")
    for name in ("iss", "aud", "sub", "org", "sid", "jti"):
        for value in wrong:
            yield f"{name} {value!r}", forge.with_claims(**{name: value})
    header, claims = _text(forge.header), _text(forge.claims)
    for name in ("iat", "nbf", "exp"):
        given = f'"{name}":{forge.claims[name]}'
        for text in [
            *(f'"{forge.claims[name]}"', f"{forge.claims[name]}.5", "NaN", "Infinity", "-Infinity"),
            *(
                "-1",
                "0",
                "1e400",
                HUGE,
                "-" + HUGE,
                "true",
                "null",
                "[]",
                "{}",
                '""',
                "1e999999999",
            ),
            *(str(2**63), str(2**64), str(-(2**63)), "0x7fffffff", "01", "+1"),
        ]:
            changed = claims.replace(given, f'"{name}":{text}')
            assert changed != claims
            yield f"{name} {text[:30]}", forge.sign(header, changed)
    yield "a claim too many", forge.with_claims(admin=True)
    yield "claims in a list", forge.sign(header, f"[{claims}]")
    yield "claims that are null", forge.sign(header, "null")
    yield "deep claims", forge.sign(header, "[" * 1000 + "]" * 1000)


def times(forge: Forge) -> Iterator[tuple[str, str]]:
    now = forge.claims["iat"]
    yield "expired now", forge.with_claims(iat=now - 600, nbf=now - 600, exp=now)
    yield "expired long ago", forge.with_claims(iat=1000, nbf=1000, exp=1600)
    yield "not yet valid", forge.with_claims(nbf=now + 1)
    yield "made in the future", forge.with_claims(iat=now + 10, nbf=now + 10, exp=now + 600)
    yield "valid before it was made", forge.with_claims(nbf=now - 1)
    yield "valid for too long", forge.with_claims(exp=now + 15 * 60 + 1)
    yield "valid for ever", forge.with_claims(exp=2**53)
    yield "ends before it begins", forge.with_claims(exp=now - 1)


def audiences(forge: Forge) -> Iterator[tuple[str, str]]:
    aud, iss = forge.claims["aud"], forge.claims["iss"]
    for value in ([aud], [aud, "other"], [], "other", aud + "/", aud.upper(), f"{aud} other"):
        yield f"aud {value!r}", forge.with_claims(aud=value)
    for value in ("other", iss + "/", iss.upper(), f"https://{iss}", [iss], iss + "\x00"):
        yield f"iss {value!r}", forge.with_claims(iss=value)


def missing(forge: Forge) -> Iterator[tuple[str, str]]:
    for name in CLAIMS:
        yield f"no {name}", forge.with_claims(**{name: None})
    for name in forge.header:
        yield f"no {name} in the header", forge.with_header(**{name: None})
    yield "no claims", forge.sign(_text(forge.header), "{}")
    yield "no payload", forge.sign(_text(forge.header), "")


def sizes(forge: Forge) -> Iterator[tuple[str, str]]:
    yield "a long claim", forge.with_claims(jti="x" * 3000)
    yield "a long header", forge.with_header(kid="x" * 100_000)
    yield "a million letters", "a" * 1_000_000
    yield "a million dots", "." * 1_000_000
    yield "long parts", ".".join(["a" * 100_000] * 3)
