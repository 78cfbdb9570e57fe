"""A server with the tools that the server scenarios of the MCP conformance suite call.

Each tool is a workflow, and what serves it is what `tenuto mcp --http` runs. Run by hand, with the
suite beside it (npm: `@modelcontextprotocol/conformance`, Node 22 or newer):

    python -m tests.conformance.server_program 8931
    conformance server --url http://127.0.0.1:8931/mcp --scenario ping
"""

import asyncio
import base64
import struct
import sys
import zlib
from pathlib import Path
from typing import Any, Final

import tenuto
from tenuto import Agent, Workflow
from tenuto.bootstrap.catalogs import load_catalog
from tenuto.server.listening import address_of, listening, serve_app
from tenuto.server.mcp import http
from tenuto.server.mcp.client.sampling import ClientModel
from tenuto.server.mcp.face import Face
from tenuto.server.mcp.offers import by_tool, offer_of
from tenuto.server.mcp.visits import Terms

PASSING: Final = (
    "server-initialize",
    "ping",
    "logging-set-level",
    "completion-complete",
    "tools-list",
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-error",
    "tools-call-with-logging",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "json-schema-2020-12",
    "server-sse-multiple-streams",
    "server-sse-polling",
    "resources-list",
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
    "prompts-list",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
    "resources-subscribe",
    "resources-unsubscribe",
    "dns-rebinding-protection",
)
"""Scenarios that must pass: all there are."""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG: Final = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    + _chunk(b"IEND", b"")
).decode()
"""One red pixel."""
WAV: Final = base64.b64encode(
    b"RIFF"
    + struct.pack("<I", 36)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 8_000, 1, 8)
    + b"data"
    + struct.pack("<I", 0)
).decode()
"""No sound at all."""

TEXT: Final = {"type": "text", "text": "Multiple content types test:"}
IMAGE: Final = {"type": "image", "data": PNG, "mimeType": "image/png"}
AUDIO: Final = {"type": "audio", "data": WAV, "mimeType": "audio/wav"}


def embedded(uri: str, mime_type: str, text: str) -> dict[str, Any]:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": text}}


async def simple_text(ctx: tenuto.Context) -> str:
    return "This is a simple text response for testing."


async def image(ctx: tenuto.Context) -> dict[str, Any]:
    return {"content": [IMAGE]}


async def audio(ctx: tenuto.Context) -> dict[str, Any]:
    return {"content": [AUDIO]}


async def resource(ctx: tenuto.Context) -> dict[str, Any]:
    text = "This is an embedded resource content."
    return {"content": [embedded("test://embedded-resource", "text/plain", text)]}


async def mixed(ctx: tenuto.Context) -> dict[str, Any]:
    data = embedded(
        "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
    )
    return {"content": [TEXT, IMAGE, data]}


async def fail(ctx: tenuto.Context) -> None:
    raise tenuto.Fatal("This tool intentionally returns an error for testing")


async def log(ctx: tenuto.Context) -> str:
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        ctx.note("log", text)
        await asyncio.sleep(0.05)
    return "logged"


async def rest(ctx: tenuto.Context) -> str:
    await asyncio.sleep(0.05)
    return "rested"


def workflow(name: str, function: Any, description: str, **inputs: Any) -> Workflow:
    made = Workflow(name, description=description, output="outputs.work", **inputs)
    made.node("work", function=function)
    return made


def choices(*values: str) -> list[dict[str, str]]:
    return [{"const": value, "title": value.title()} for value in values]


DEFAULTS: Final = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
OPTIONS: Final = ["option1", "option2", "option3"]
VALUES: Final = ("value1", "value2", "value3")
ENUMS: Final = {
    "untitledSingle": {"type": "string", "enum": OPTIONS},
    "titledSingle": {"type": "string", "oneOf": choices(*VALUES)},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": choices(*VALUES)}},
}
PERSON: Final = {
    "username": {"type": "string", "description": "User's response"},
    "email": {"type": "string", "description": "User's email address"},
}


def asking(name: str, form: dict[str, Any], **inputs: Any) -> Workflow:
    made = Workflow(name, description="Asks the user.", output="outputs.ask", **inputs)
    return made.node("ask", approval="Please provide your information", form=form)


def sampling() -> Workflow:
    agent = Agent("sampler", model="mcp:client", settings={"max_tokens": 100})
    made = Workflow(
        "test_sampling",
        description="Asks the client's model.",
        inputs={"prompt": "string"},
        output="'LLM response: ' + outputs.ask.text",
    )
    return made.node("ask", agent=agent, inputs={"prompt": "inputs.prompt"})


def reconnecting() -> Workflow:
    made = Workflow("test_reconnection", description="Takes its time.", output="'reconnected'")
    return made.node("nap", timer="1s")


def workflows() -> list[Workflow]:
    steps = Workflow(
        "test_tool_with_progress", description="Takes three steps.", output="outputs.third"
    )
    for before, name in ((None, "first"), ("first", "second"), ("second", "third")):
        steps.node(name, function=rest)
        if before:
            steps.edge(before, name)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
        "additionalProperties": False,
    }
    return [
        workflow("test_simple_text", simple_text, "Returns a text."),
        workflow("test_image_content", image, "Returns an image."),
        workflow("test_audio_content", audio, "Returns a sound."),
        workflow("test_embedded_resource", resource, "Returns a resource."),
        workflow("test_multiple_content_types", mixed, "Returns several kinds of content."),
        workflow("test_error_handling", fail, "Fails."),
        workflow("test_tool_with_logging", log, "Notes what it does."),
        steps,
        sampling(),
        reconnecting(),
        asking("test_elicitation", PERSON, inputs={"message": "string"}),
        asking("test_elicitation_sep1034_defaults", DEFAULTS),
        asking("test_elicitation_sep1330_enums", ENUMS),
        workflow(
            "json_schema_2020_12_tool",
            simple_text,
            "Tool with JSON Schema 2020-12 features",
            inputs=schema,
        ),
    ]


async def main(port: int) -> None:
    """Serve on loopback until killed; the first line printed is the address."""
    offers = by_tool(offer_of(flow) for flow in workflows())
    with listening("127.0.0.1", port) as listener:
        model = ClientModel()
        async with tenuto.open("memory://", models={"mcp": model}) as runtime:
            catalog = load_catalog(str(Path(__file__).with_name("catalog.yaml")))
            terms = Terms(poll_seconds=0.3)
            server = Face(runtime, offers, terms, catalog=catalog, model=model).server()
            print(address_of(listener) + http.PATH, flush=True)
            app = http.app_of(server, host="127.0.0.1", token="", names=())
            await serve_app(app, listener)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
