"""A server over standard streams, of the standard library only: it starts at once, and misbehaves
in the way that its first argument names. What it is told goes, line by line, to the file that the
second names.
"""

import json
import os
import sys
from typing import Any

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
READS = {"readOnlyHint": True, "openWorldHint": False}


def tool(name: str, **parts: Any) -> dict[str, Any]:
    return {"name": name, "description": f"Does {name}.", "inputSchema": SCHEMA, **parts}


class Server:
    def __init__(self, behaviour: str, path: str) -> None:
        self.behaviour, self.path = behaviour, path
        self.renamed = False

    def run(self) -> None:
        if self.behaviour == "exits":
            print(f"the token {os.environ.get('TOKEN')} is no good", file=sys.stderr)
            sys.exit(3)
        for line in sys.stdin:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(line)
            request = json.loads(line)
            if self.behaviour == "mute" and request["method"] != "server/discover":
                continue
            self.take(request)
        if self.behaviour == "stubborn":
            import signal

            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                signal.pause()

    def take(self, request: dict[str, Any]) -> None:
        match request["method"]:
            case "initialize":
                version = "1999-01-01" if self.behaviour == "ancient" else "2025-11-25"
                capabilities: dict[str, Any] = {"tools": {"listChanged": True}}
                self.answer(
                    request,
                    {
                        "protocolVersion": version,
                        "capabilities": {} if self.behaviour == "no_tools" else capabilities,
                        "serverInfo": {"name": "plain", "version": "1"},
                    },
                )
            case "tools/list":
                self.list(request)
            case "tools/call":
                self.call(request, request["params"]["name"], request["params"]["arguments"])
            case "server/discover":
                self.refuse(request, -32601, "Method not found")

    def list(self, request: dict[str, Any]) -> None:
        cursor = request.get("params", {}).get("cursor")
        if self.behaviour == "endless":
            self.answer(request, {"tools": [tool(f"t{cursor}")], "nextCursor": "again"})
        elif self.behaviour == "bad_list":
            self.answer(request, {"tools": "none of your business"})
        elif cursor is None:
            first = tool("renamed" if self.renamed else "echo")
            second = tool("read", annotations=READS)
            self.answer(request, {"tools": [first, second], "nextCursor": "2"})
        else:
            odd = tool("odd", inputSchema={"type": "object", "properties": {"a": {"type": "odd"}}})
            away = tool("away", inputSchema={"type": "object", "$ref": "http://127.0.0.1:9/x"})
            again = tool("echo", annotations={"idempotentHint": True})
            parts = [odd, away, *([] if self.renamed else [again]), tool("hang"), tool("die")]
            self.answer(request, {"tools": parts})

    def call(self, request: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
        text = str(arguments.get("text"))
        if name == "die":
            print("Segmentation fault", file=sys.stderr, flush=True)
            os._exit(11)
        elif name == "hang":
            print("not a message", flush=True)
            self.notify("notifications/progress", progressToken=request["id"], progress=3, total=10)
        elif text == "rename":
            self.renamed = True
            self.notify("notifications/tools/list_changed")
            self.answer(request, {"content": []})
        elif text == "nonsense":
            self.answer(request, {"content": "nonsense"})
        elif text == "refuse":
            self.refuse(request, -32602, "no such thing")
        elif text == "secret":
            secret = f"it is {os.environ['TOKEN']}"
            self.answer(request, {"content": [{"type": "text", "text": secret}], "isError": True})
        elif text == "pid":
            self.answer(request, {"content": [], "structuredContent": {"pid": os.getpid()}})
        elif text == "environment":
            self.answer(request, {"content": [], "structuredContent": dict(os.environ)})
        else:
            self.answer(request, {"content": [{"type": "text", "text": f"{name}: {text}"}]})

    def answer(self, request: dict[str, Any], result: dict[str, Any]) -> None:
        self.send({"id": request["id"], "result": result})

    def refuse(self, request: dict[str, Any], code: int, message: str) -> None:
        self.send({"id": request["id"], "error": {"code": code, "message": message}})

    def notify(self, method: str, **params: Any) -> None:
        self.send({"method": method, "params": params})

    def send(self, message: dict[str, Any]) -> None:
        print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    Server(sys.argv[1], sys.argv[2]).run()
