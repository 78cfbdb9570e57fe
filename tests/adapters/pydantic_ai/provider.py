"""A server on loopback that speaks a provider's protocol, and says what a test wrote down."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Reply(msgspec.Struct, kw_only=True):
    """What the next request gets. `body` as bytes goes out as it is; `cut`: the connection ends
    after so many bytes; `hang`: nothing comes for as long as the client waits."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}
    cut: int | None = None
    hang: bool = False
    kind: str = "application/json"


class Provider:
    """The server. `requests` are the bodies that came, `headers` what came with them."""

    def __init__(self, url: str, let_go: threading.Event) -> None:
        self.url, self.let_go = url, let_go
        self.replies: list[Reply] = []
        self.requests: list[Any] = []
        self.headers: list[dict[str, str]] = []

    def reply(self, *replies: Reply) -> None:
        self.replies += replies


@contextmanager
def serving() -> Iterator[Provider]:
    let_go = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["content-length"]))
            provider.requests.append(json.loads(payload))
            provider.headers.append({k.lower(): v for k, v in self.headers.items()})
            reply = provider.replies.pop(0)
            if reply.hang:
                let_go.wait(30)
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("content-type", reply.kind)
            self.send_header("content-length", str(len(body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = Provider(f"http://127.0.0.1:{server.server_port}", let_go)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def streamed_chat(*pieces: str, cut: int | None = None) -> Reply:
    """Return an answer of OpenAI's chat completions in pieces."""
    chunks: list[dict[str, Any]] = [{"index": 0, "delta": {"content": p}} for p in pieces]
    chunks.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    lines = [{**head, "choices": [chunk]} for chunk in chunks]
    lines.append({**head, "choices": [], "usage": usage})
    body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
    return Reply(body=body.encode(), kind="text/event-stream", cut=cut)


def chat(
    text: str | None = None,
    *calls: tuple[str, Any],
    finish: str = "",
    refusal: str | None = None,
) -> Reply:
    """Return an answer of OpenAI's chat completions."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if refusal is not None:
        message["refusal"] = refusal
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{n}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": given if isinstance(given, str) else json.dumps(given),
                },
            }
            for n, (name, given) in enumerate(calls)
        ]
    return Reply(
        body={
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": "gpt-5",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": finish or ("tool_calls" if calls else "stop"),
                }
            ],
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 100,
                "total_tokens": 1100,
                "prompt_tokens_details": {"cached_tokens": 400},
            },
        }
    )


def claude(text: str = "", *calls: tuple[str, Any], stop: str = "") -> Reply:
    """Return an answer of Anthropic's messages."""
    content: list[Any] = [{"type": "text", "text": text}] if text else []
    content += [
        {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": given}
        for n, (name, given) in enumerate(calls)
    ]
    return Reply(
        body={
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-5-5",
            "content": content,
            "stop_reason": stop or ("tool_use" if calls else "end_turn"),
            "stop_sequence": None,
            "usage": {
                "input_tokens": 600,
                "output_tokens": 100,
                "cache_read_input_tokens": 400,
                "cache_creation_input_tokens": 0,
            },
        }
    )


def error(status: int, message: str, *, code: str = "", **headers: str) -> Reply:
    """Return a failure, in the form that both protocols share."""
    body = {"type": "error", "error": {"type": code or "error", "code": code, "message": message}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=body, headers=named)
