"""A server over HTTP, of the standard library only, that misbehaves as a test wrote down."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Odd(msgspec.Struct, kw_only=True):
    """What the next request of a method gets instead of its answer."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = {}
    hang: bool = False


class Plain:
    """The server. `odd`: method to what its next requests get; `told`: methods that came."""

    def __init__(self) -> None:
        self.url = ""
        self.odd: dict[str, list[Odd]] = {}
        self.told: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.let_go = threading.Event()
        self.hung = threading.Event()
        self.stop: Callable[[], None] = lambda: None
        """Let nobody connect any more; requests under way go on."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        method = request["method"]
        if method == "initialize":
            return {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "plain", "version": "1"},
            }
        if method == "tools/list":
            return {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}
        if method == "tools/call":
            return {"content": [{"type": "text", "text": "here"}]}
        return None


@contextmanager
def serving() -> Iterator[Plain]:
    plain = Plain()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            method = request["method"]
            plain.told.append(method)
            plain.headers.append({name.lower(): v for name, v in self.headers.items()})
            odd = plain.odd.get(method) or [Odd()]
            reply = odd.pop(0)
            if reply.hang:
                plain.hung.set()
                plain.let_go.wait(30)
                return
            if reply.status != 200 or reply.body or reply.kind != "application/json":
                self.give(reply.status, reply.body, reply.kind, reply.headers)
                return
            result = plain.answer(request)
            if "id" not in request:
                self.give(202, b"", "", {})
            elif result is None:
                error = {"code": -32601, "message": "Method not found"}
                body = {"jsonrpc": "2.0", "id": request["id"], "error": error}
                self.give(200, json.dumps(body).encode(), "application/json", {})
            else:
                body = {"jsonrpc": "2.0", "id": request["id"], "result": result}
                session = {"mcp-session-id": "s1"} if method == "initialize" else {}
                self.give(200, json.dumps(body).encode(), "application/json", session)

        def do_GET(self) -> None:
            plain.told.append("GET " + self.headers.get("last-event-id", ""))
            self.give(404, b"", "", {})

        def do_DELETE(self) -> None:
            plain.told.append("DELETE")
            self.give(200, b"", "", {})

        def give(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            if kind:
                self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    plain.url = f"http://127.0.0.1:{server.server_port}/mcp"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.socket.close()

    plain.stop = stop
    try:
        yield plain
    finally:
        plain.let_go.set()
        stop()
        server.server_close()
