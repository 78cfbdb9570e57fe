"""The API on a real socket of this process, with a client for it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import httpx2

import tenuto
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.serving import open_service
from tenuto.server.accounts.oidc.provider import Provider
from tenuto.server.app import create_app
from tenuto.server.fences import Fencing
from tenuto.server.listening import address_of, listening, serve_app
from tenuto.server.principal import Authenticator
from tenuto.server.service import Service

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that ask no address of https: to read whom one trusts takes 20 ms for each."""


class Served:
    """A running server: the parts it works with, where it is, and a client."""

    def __init__(self, service: Service, address: str, client: httpx2.AsyncClient) -> None:
        self.service, self.address, self.client = service, address, client


@contextlib.asynccontextmanager
async def serving(
    *workflows: tenuto.Workflow,
    db: str = "memory://",
    fencing: Fencing | None = None,
    authenticator: Authenticator | None = None,
    login: bool = False,
    providers: Sequence[Provider] = (),
    **settings: Any,
) -> AsyncIterator[Served]:
    """Give a server that offers the workflows; without `login` it lets everybody in, as
    `tenuto serve --dev`."""
    offered = [loaded(workflow) for workflow in workflows]
    with listening("127.0.0.1", 0) as listener:
        opened = open_service(
            db, offered, fencing=fencing, login=login, providers=providers, **settings
        )
        async with opened as service:
            service.authenticator = authenticator or service.authenticator
            server = asyncio.create_task(
                serve_app(create_app(service), listener, api=True, stopping=service.hub.stop)
            )
            address = address_of(listener)
            try:
                async with httpx2.AsyncClient(
                    base_url=f"{address}/api/v1", verify=NO_TLS
                ) as client:
                    yield Served(service, address, client)
            finally:
                server.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await server


def loaded(workflow: tenuto.Workflow) -> LoadedWorkflow:
    """Return a workflow as the command line finds it."""
    definition = workflow.definition()
    return LoadedWorkflow(
        name=definition.name, workflow=workflow, definition=definition, source="tests"
    )


async def echo(ctx: tenuto.Context, text: str = "") -> dict[str, Any]:
    """Give back what came."""
    return {"text": text}


def echoing() -> tenuto.Workflow:
    """Return a workflow of one step that gives back its text."""
    flow = tenuto.Workflow("echo", version="1")
    flow.node("echo", function=echo, inputs={"text": "inputs.text"})
    return flow


def waiting() -> tenuto.Workflow:
    """Return a workflow that waits for the signal `go`."""
    flow = tenuto.Workflow("waiting", version="1")
    flow.node("wait", wait="go")
    return flow
