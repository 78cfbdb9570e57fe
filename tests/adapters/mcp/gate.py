"""A server over HTTP that asks for tokens, and the authorization server that grants them, at one
address of loopback. Of the standard library only; each answer can be another."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

ONE_TOOL = {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}
HERE = {"content": [{"type": "text", "text": "here"}]}


class Asked(msgspec.Struct, kw_only=True):
    """A request that came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    body: dict[str, Any]


class Given(msgspec.Struct, kw_only=True):
    """An answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}


class Gate:
    """The server. `instead` maps a path to what its next requests get."""

    def __init__(self) -> None:
        self.origin = ""
        self.asked: list[Asked] = []
        self.instead: dict[str, list[Given]] = {}
        self.good: set[str] = set()
        """Access tokens that are taken."""
        self.scopes: dict[str, str] = {}
        """Of each access token."""
        self.refreshable: set[str] = set()
        self.metadata: dict[str, Any] = {}
        self.resource: dict[str, Any] = {}
        self.granted: dict[str, Any] = {}
        """What a grant holds besides, or instead."""
        self.back: dict[str, str] = {}
        """What a browser is sent back with besides, or instead."""
        self.scope_of_calls = ""
        """What a token must be good for, so that it can call."""
        self._challenge = ""
        self._lock = threading.Lock()
        self._count = 0

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    def requests(self, path: str) -> list[Asked]:
        """Return those that came to `path`."""
        return [one for one in self.asked if one.path == path]

    def answer(self, asked: Asked) -> Given:
        with self._lock:
            self.asked.append(asked)
            waiting = self.instead.get(asked.path)
            if waiting:
                return waiting.pop(0)
            routes: dict[str, Callable[[Asked], Given]] = {
                "/mcp": self._mcp,
                "/.well-known/oauth-protected-resource/mcp": self._resource,
                "/.well-known/oauth-authorization-server": self._metadata,
                "/register": self._register,
                "/authorize": self._authorize,
                "/token": self._token,
            }
            return routes.get(asked.path, lambda _: Given(status=404))(asked)

    def _mcp(self, asked: Asked) -> Given:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.good:
            return Given(status=401, headers={"WWW-Authenticate": 'Bearer scope="read"'})
        method = asked.body.get("method", "")
        wanted = self.scope_of_calls if method == "tools/call" else ""
        if not set(wanted.split()) <= set(self.scopes.get(token, "").split()):
            told = f'Bearer error="insufficient_scope", scope="{wanted}"'
            return Given(status=403, headers={"WWW-Authenticate": told})
        if "id" not in asked.body:
            return Given(status=202)
        results: dict[str, Any] = {
            "initialize": {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "gate", "version": "1"},
            },
            "tools/list": ONE_TOOL,
            "tools/call": HERE,
        }
        said: dict[str, Any] = {"error": {"code": -32601, "message": "Method not found"}}
        if method in results:
            said = {"result": results[method]}
        return Given(body={"jsonrpc": "2.0", "id": asked.body["id"], **said})

    def _resource(self, asked: Asked) -> Given:
        servers = [self.origin]
        return Given(body={"resource": self.url, "authorization_servers": servers} | self.resource)

    def _metadata(self, asked: Asked) -> Given:
        found = {
            "issuer": self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "registration_endpoint": f"{self.origin}/register",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }
        return Given(body={k: v for k, v in (found | self.metadata).items() if v is not None})

    def _register(self, asked: Asked) -> Given:
        registered = {**asked.body, "client_id": f"client-{len(self.requests('/register'))}"}
        return Given(status=201, body=registered)

    def _authorize(self, asked: Asked) -> Given:
        self._challenge = asked.query["code_challenge"]
        back = {"code": "the-code", "state": asked.query["state"], **self.back}
        return Given(
            status=302, headers={"Location": f"{asked.query['redirect_uri']}?{urlencode(back)}"}
        )

    def _token(self, asked: Asked) -> Given:
        form = asked.form
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != self._challenge:
                return Given(status=400, body={"error": "invalid_grant"})
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refreshable:
                return Given(status=400, body={"error": "invalid_grant"})
            # Good once.
            self.refreshable.remove(form["refresh_token"])
        self._count += 1
        token = f"access-token-{self._count}"
        self.good.add(token)
        scope = self.requests("/authorize")[-1].query.get("scope", "") if self._challenge else ""
        self.scopes[token] = scope or form.get("scope", "")
        grant = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if form["grant_type"] != "client_credentials":
            grant["refresh_token"] = f"refresh-token-{self._count}"
            self.refreshable.add(f"refresh-token-{self._count}")
        return Given(body=grant | self.granted)


@contextmanager
def open_gate() -> Iterator[Gate]:
    """Give a gate that is there while this lasts."""
    gate = Gate()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            is_json = self.headers.get("content-type", "").startswith("application/json")
            self.serve({} if is_json else first(body), json.loads(body) if is_json else {})

        def do_GET(self) -> None:
            self.serve({}, {})

        do_DELETE = do_GET

        def serve(self, form: dict[str, str], body: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            given = gate.answer(
                Asked(
                    method=self.command,
                    path=parts.path,
                    query=first(parts.query),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    form=form,
                    body=body,
                )
            )
            data = b"" if given.body is None else json.dumps(given.body).encode()
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gate.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def first(text: str) -> dict[str, str]:
    """Return the first value of each name of a form."""
    return {name: values[0] for name, values in parse_qs(text).items()}
