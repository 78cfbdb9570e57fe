"""Makes requests of every broken kind, by chance that a seed decides."""

from __future__ import annotations

import base64
import json
import os
import random
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from tests.server.fuzz.wire import Case
from tests.server.isolation.calls import ENDLESS, OPERATIONS, Operation, request_of

Headers = list[tuple[str, str]]

TEXTS: Final = (
    "",
    " ",
    "\x00",
    "\u202e",
    "é" * 300,
    "\U0001f600",
    "'",
    '"',
    "../../../etc/passwd",
    "..",
    "%2e%2e%2f",
    "%00",
    "-1",
    "9" * 40,
    "1e999",
    "NaN",
    "null",
    "*",
    "a" * 70_000,
    "\r\nX-Injected: yes",
    "ses_0000000000000000000000000",
    "2026-02-30T25:61:61Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
)
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**53,
    2**63,
    -(2**64),
    1.5,
    1e308,
    [],
    {},
    [[[]]],
    {"": {}},
    ["a"] * 1000,
    *TEXTS,
)
PATHS: Final = (
    "/api/v1/../../etc/passwd",
    "/api/v1/%2e%2e/%2e%2e/etc/passwd",
    "//api/v1/sessions",
    "/api/v1//sessions",
    "/api/v1/sessions/",
    "/api/v1/sessions/%2f",
    "/api/v1/sessions/a%2fb",
    "/api/v1/sessions/%00",
    "/api/v1/sessions/%ff%fe",
    "/api/v1/sessions/%c0%ae%c0%ae",
    "/api/v1/sessions/%zz",
    "/api/v1/sessions;a=b",
    "/api/v1/sessions?limit=1&limit=2&limit=x",
    "/api/v1/sessions?" + "a=b&" * 3000,
    "/api/v1/sessions?%00=%00",
    "/api/v1/sessions#x",
    "http://127.0.0.1/api/v1/sessions",
    "http://other.example.org/api/v1/sessions",
    "*",
    "",
    "?",
    "api/v1/sessions",
    "/" + "a" * 20_000,
    "/" + "a/" * 5_000,
    "/docs/../api/v1/openapi.json",
    "/docs/%2e%2e/%2e%2e/pyproject.toml",
    "/\\..\\..\\x",
    "/api/v1/sessions/\u00e9",
)
TOKENS: Final = (
    "Bearer",
    "Bearer ",
    "Bearer \x00",
    "Bearer " + "a" * 10_000,
    "Bearer tnt_ash-000000000000_" + "0" * 43,
    "Bearer tnt_",
    "Bearer e30.e30.",
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
    "Basic YWRtaW46YWRtaW4=",
    "Negotiate",
    "bearer bearer bearer",
    "Bearer \xe9\xff",
)


class Maker:
    """Makes cases; the same ones of the same seed."""

    def __init__(self, seed: int, ids: Mapping[str, str], key: str) -> None:
        self._chance = random.Random(seed)
        self._ids, self._key = ids, key
        self._kinds: tuple[Callable[[], Case], ...] = (
            self.body,
            self.body,
            self.address,
            self.headers,
            self.head,
            self.framing,
            self.mutated,
            self.mutated,
            self.socket,
            self.cursor,
        )

    def case(self) -> Case:
        """Return the next one."""
        return self._chance.choice(self._kinds)()

    # One kind each

    def body(self) -> Case:
        """A body that is not what the route takes."""
        operation = self._operation(lambda one: one.method in ("POST", "PUT", "PATCH"))
        asked = request_of(operation, self._ids)
        content = asked.get("content", b"{}")
        plain = content if isinstance(content, bytes) else content.encode()
        kind = asked["headers"].get("Content-Type", "application/octet-stream")
        payload = self._chance.choice(
            (self._other_values(plain), self._broken(plain), self._deep(), os_bytes(self._chance))
        )
        headers: Headers = [("Content-Type", kind), ("If-Match", "*")]
        return self._request(operation.method, self._url(asked), headers, payload, operation.id)

    def address(self) -> Case:
        """A path or a query that nobody would write."""
        path = self._chance.choice(PATHS)
        if self._chance.random() < 0.6:
            operation = self._operation(lambda one: one.id not in ENDLESS)
            ids = {name: self._chance.choice(TEXTS)[:3000] or "-" for name in self._ids}
            path = operation.url({**ids} if self._chance.random() < 0.5 else self._ids)
            name = self._chance.choice(("limit", "cursor", "after", "q", "since", "at", "wait"))
            path += f"?{name}={quote(self._chance.choice(TEXTS)[:9000])}"
        method = self._chance.choice(("GET", "GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "BREW"))
        return self._request(method, path, [], b"", f"path {path[:60]!r}")

    def headers(self) -> Case:
        """Headers with rubbish in them, or twice."""
        operation = self._operation(lambda one: one.id not in ENDLESS)
        asked = request_of(operation, self._ids)
        name = self._chance.choice(
            (
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
                "Last-Event-ID",
                "Prefer",
                "Accept",
                "Content-Type",
                "Cookie",
                "Host",
                "Origin",
                "X-Forwarded-For",
                "Content-Encoding",
                "Authorization",
                "Range",
                "Expect",
                "Upgrade",
                "Connection",
                "X-CSRF-Token",
            )
        )
        value = self._chance.choice((*TEXTS, *TOKENS)).replace("\r\n", " ")
        headers: Headers = [(name, value)] * self._chance.choice((1, 1, 2, 50))
        content = asked.get("content", b"")
        plain = content if isinstance(content, bytes) else content.encode()
        return self._request(operation.method, self._url(asked), headers, plain, f"header {name}")

    def head(self) -> Case:
        """A head that is too large, or no head."""
        line = b"GET /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        parts = self._chance.choice(
            (
                (line, b"A: " + b"b" * 70_000 + b"\r\n\r\n"),
                (line, b"A: b\r\n" * 20_000 + b"\r\n"),
                (line, b"A" * 70_000),
                (line, b" folded: a\r\n b\r\n\r\n"),
                (line, b"A : b\r\n\r\n"),
                (line, b"A\x00: b\r\n\r\n"),
                (line, b"A: \x00\r\n\r\n"),
                (line, b": b\r\n\r\n"),
                (line, b"A: b\n\n"),
                (b"GET  /api/v1/sessions  HTTP/1.1\r\n\r\n",),
                (b"GET /api/v1/sessions HTTP/9.9\r\n\r\n",),
                (b"GET /api/v1/sessions\r\n\r\n",),
                (b"GET /api/v1/sessions HTTP/1.0\r\n\r\n",),
                (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,),
                (b"\r\n" * 1000,),
                (b"\x00" * 1000,),
                (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: a\r\n\r\n",),
                (b"GET / HTTP/1.1\r\n\r\n",),
                (line, b"Host: 127.0.0.1\r\nHost: evil.example\r\n\r\n"),
            )
        )
        return self._case("head", parts)

    def framing(self) -> Case:
        """Lengths that contradict each other, and chunks that are none."""
        more = self._chance.choice(
            (
                b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
                b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
                b"Content-Length: 6\r\nContent-Length: 7\r\n",
                b"Content-Length: 6, 7\r\n",
                b"Content-Length: -1\r\n",
                b"Content-Length: +6\r\n",
                b"Content-Length: 0x6\r\n",
                b"Content-Length: 99999999999999999999\r\n",
                b"Content-Length: 20000000\r\n",
                b"Transfer-Encoding: xchunked\r\n",
                b"Transfer-Encoding: chunked, identity\r\n",
                b"Transfer-Encoding: identity\r\nContent-Length: 6\r\n",
                b"Transfer-Encoding:\x0bchunked\r\n",
                b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                b"Transfer-Encoding: chunked\r\n",
            )
        )
        rest = self._chance.choice(
            (
                b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                b"{}\r\n\r\n",
                b"ffffffffffffffffffff\r\n{}",
                b"-2\r\n{}\r\n0\r\n\r\n",
                b"2;ext=" + b"a" * 70_000 + b"\r\n{}\r\n0\r\n\r\n",
                b"2\n{}\n0\n\n",
                b"2\r\n{}0\r\n\r\n",
                b"2\r\n{}\r\n0\r\nTrailer: a\r\n\r\n",
                b"",
            )
        )
        line = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        json_type = b"Content-Type: application/json\r\n\r\n"
        return self._case(f"framing {more!r} {rest[:20]!r}", (line, more, json_type, rest))

    def mutated(self) -> Case:
        """A request as it should be, but for some bytes."""
        operation = self._operation(lambda one: one.id not in ENDLESS)
        asked = request_of(operation, self._ids)
        content = asked.get("content", b"")
        plain = content if isinstance(content, bytes) else content.encode()
        headers: Headers = [*asked["headers"].items()]
        whole = self._request(operation.method, self._url(asked), headers, plain, operation.id)
        text = bytearray(b"".join(whole.parts))
        for _ in range(self._chance.randrange(1, 6)):
            place = self._chance.randrange(len(text))
            match self._chance.randrange(4):
                case 0:
                    text[place] = self._chance.randrange(256)
                case 1:
                    del text[place : place + self._chance.randrange(1, 20)]
                case 2:
                    text[place:place] = os_bytes(self._chance, 8)
                case _:
                    text += text[place : place + 40]
            text = text or bytearray(b"\n")
        return self._case(f"mutated {operation.id}", (bytes(text),))

    def socket(self) -> Case:
        """A WebSocket whose handshake or frames are broken."""
        chance = self._chance
        place = chance.choice(("/events", f"/sessions/{self._ids['session_id']}/stream", "/none"))
        lines = [
            f"GET /api/v1{place} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self._key}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(b'a' * 16).decode()}",
        ]
        if chance.random() < 0.4:
            line = chance.randrange(2, len(lines))
            lines[line] = chance.choice(
                ("A: b", lines[line] + "x", lines[line] + "\r\n" + lines[-1])
            )
        head = "\r\n".join([*lines, "", ""]).encode()
        frames = b"".join(self._frame() for _ in range(chance.randrange(1, 4)))
        # An end of its own, so that a socket that was let in does not stay open.
        return Case(
            name=f"socket {lines!r} {frames[:20]!r}", parts=(head, frames), half_closed=True
        )

    def cursor(self) -> Case:
        """A cursor that was tampered with."""
        values = (*VALUES, [1, 2], ["a"], ["a", "b"], ["", 1], {"a": 1}, "memory", -(2**63))
        plain = json.dumps(self._chance.choice(values))
        cursor = base64.urlsafe_b64encode(plain.encode()[:6000]).decode()
        cursor = self._chance.choice((cursor, cursor.rstrip("="), cursor[:-2], cursor[1:]))
        lists = ("sessions", "audit", "users", "keys?everyone=true", "workflows", "agents")
        more = (
            "memory",
            "approvals",
            "organisations",
            f"webhooks/{self._ids['webhook_id']}/deliveries",
        )
        path = self._chance.choice((*lists, *more))
        sign = "&" if "?" in path else "?"
        return self._request(
            "GET", f"/api/v1/{path}{sign}cursor={cursor}", [], b"", f"cursor {path}"
        )

    # Parts of them

    def _operation(self, fits: Callable[[Operation], bool]) -> Operation:
        return self._chance.choice([one for one in OPERATIONS.values() if fits(one)])

    def _url(self, asked: Mapping[str, Any]) -> str:
        query = "&".join(f"{name}={quote(value)}" for name, value in asked["params"].items())
        url: str = asked["url"]
        return f"{url}?{query}" if query else url

    def _request(self, method: str, path: str, headers: Headers, payload: bytes, name: str) -> Case:
        names = {one.lower() for one, _ in headers}
        sent: Headers = [("Host", "127.0.0.1")] if "host" not in names else []
        if "authorization" not in names and self._chance.random() < 0.9:
            sent.append(("Authorization", f"Bearer {self._key}"))
        if payload or method in ("POST", "PUT", "PATCH"):
            sent.append(("Content-Length", str(len(payload))))
        lines = [f"{method} {path} HTTP/1.1", *(f"{a}: {b}" for a, b in (*sent, *headers))]
        head = "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")
        case = self._case(name, (head, payload) if payload else (head,))
        is_head = method == "HEAD"
        return Case(
            name=f"{name} {headers!r:.200} {payload[:80]!r}",
            parts=case.parts,
            half_closed=case.half_closed,
            gone=case.gone,
            is_head=is_head,
        )

    def _case(self, name: str, parts: tuple[bytes, ...]) -> Case:
        how = self._chance.random()
        return Case(name=name, parts=parts, half_closed=how < 0.1, gone=how > 0.97)

    def _other_values(self, plain: bytes) -> bytes:
        """Return the body with one of its values, or a member more, of any kind."""
        try:
            found = json.loads(plain)
        except ValueError:
            return self._broken(plain)
        if not isinstance(found, dict):
            return self._broken(plain)
        names = [*found, "inputs", "key", "budget", "version", "name", "data", "grants", "x"]
        names += ["context", "scopes", "expires_at", "url", "events", "at", "patch", "timeout"]
        found[self._chance.choice(names)] = self._chance.choice(VALUES)
        return json.dumps(found).encode()

    def _broken(self, plain: bytes) -> bytes:
        text = bytearray(plain or b"{}")
        text[self._chance.randrange(len(text))] = self._chance.randrange(256)
        return bytes(text) + self._chance.choice((b"", b"\xff", b"\x00", b"}", b"\xed\xa0\x80"))

    def _deep(self) -> bytes:
        depth = self._chance.choice((90, 101, 2_000, 50_000))
        opening, closing = self._chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[", b"")))
        return opening * depth + b"1" + closing * depth

    def _frame(self) -> bytes:
        chance = self._chance
        payload = chance.choice(
            (
                b"",
                b"\xff\xfe",
                b'{"do":"subscribe"}',
                b'{"do":1}',
                b"[" * 9000,
                b"a" * 70000,
                b'{"do":"subscribe","session":"x","after":-1}',
                os_bytes(chance, 100),
                b'{"do":"subscribe","session":"\\u0000","after":99999999999999999999}',
            )
        )
        first = chance.choice((0x81, 0x81, 0x82, 0x80, 0x01, 0x83, 0x8B, 0xF1, 0x88, 0x89, 0x09))
        masked = 0x80 if chance.random() < 0.8 else 0
        said = chance.choice((len(payload), len(payload), 2**63 - 1, 2**64 - 1, 2**31))
        if said < 126:
            size = struct.pack("!B", masked | said)
        elif said < 65_536:
            size = struct.pack("!BH", masked | 126, said)
        else:
            size = struct.pack("!BQ", masked | 127, said)
        return bytes([first]) + size + (b"\x00" * 4 if masked else b"") + payload


def os_bytes(chance: random.Random, most: int = 200) -> bytes:
    """Return some bytes of any kind."""
    return chance.randbytes(chance.randrange(most + 1))


SECONDS: Final = float(os.environ.get("TENUTO_FUZZ_SECONDS", "8"))
"""How long it goes on."""
SEED: Final = int(os.environ.get("TENUTO_FUZZ_SEED", "4"))
