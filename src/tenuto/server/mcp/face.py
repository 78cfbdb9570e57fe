"""The server that MCP clients talk to, whatever carries the messages."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import mcp_types as types
import msgspec
from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity

from tenuto.core.errors import TenutoError
from tenuto.sdk.runtime import Runtime
from tenuto.server.mcp.catalog.entries import Catalog
from tenuto.server.mcp.catalog.prompts import Prompts
from tenuto.server.mcp.catalog.shelf import Shelf
from tenuto.server.mcp.client.lines import Lines
from tenuto.server.mcp.client.sampling import ClientModel
from tenuto.server.mcp.offers import Offer
from tenuto.server.mcp.resources import COMPLETIONS_MAX, Resources
from tenuto.server.mcp.results import refused
from tenuto.server.mcp.session_tools import session_tools
from tenuto.server.mcp.subscriptions import Subscriptions
from tenuto.server.mcp.visits import Terms, Visits

ANSWER_S_MAX: Final = 24 * 3600.0
"""So long a client of 2026-07-28 may take to call again with the answers to what it was asked."""

_INSTRUCTIONS: Final = (
    "Each tool but those named session_… runs a workflow as a durable session: it survives "
    "crashes, and a call that gives no output yet tells the session's id. Do not call again then; "
    "ask session_status or session_result. A client that may have to repeat a call puts a key of "
    "its own into _meta as tenuto/key: calls with one key start one session."
)


class Face:
    """Answers the requests of MCP clients."""

    def __init__(
        self,
        runtime: Runtime,
        offers: Mapping[str, Offer],
        terms: Terms,
        *,
        catalog: Catalog | None = None,
        model: ClientModel | None = None,
    ) -> None:
        self.terms = terms
        self._offers = offers
        self._visits = Visits(runtime, offers, terms, model.lines if model else Lines())
        if model is not None:
            model.runtime = runtime
        self._tools = session_tools(approvals=terms.approvals)
        self._catalog = catalog or Catalog()
        shelf = Shelf(self._catalog)
        self._resources = Resources(self._visits, shelf)
        self._prompts = Prompts(self._catalog, shelf)

    def server(self) -> Server[Any]:
        """Return the server that transports run."""
        resources, subscriptions = self._resources, Subscriptions(self._visits)
        has_prompts = bool(self._catalog.prompts)
        server: Server[Any] = Server(
            "tenuto",
            version=version("tenuto"),
            title="Tenuto",
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=resources.listed,
            on_list_resource_templates=resources.templates,
            on_read_resource=resources.read,
            on_subscribe_resource=subscriptions.subscribe,
            on_unsubscribe_resource=subscriptions.unsubscribe,
            on_subscriptions_listen=subscriptions.listen,
            on_list_prompts=self._prompts.listed if has_prompts else None,
            on_get_prompt=self._prompts.get if has_prompts else None,
            on_completion=self._complete,
        )
        # A client gives back what it was told to: nobody else's word counts.
        sealing = RequestStateSecurity.ephemeral(ttl=ANSWER_S_MAX)
        server.middleware.append(RequestStateBoundary(sealing, default_audience="tenuto"))
        # As an argument it would warn of the deprecation, which is ours to know.
        server.add_request_handler(
            "logging/setLevel", types.SetLevelRequestParams, self._visits.notes.set_level
        )
        return server

    async def _list_tools(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        offered = [offer.told() for offer in self._offers.values()]
        return types.ListToolsResult(tools=[*offered, *(tool for tool, _ in self._tools.values())])

    async def _call_tool(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        arguments = params.arguments or {}
        offer = self._offers.get(params.name)
        try:
            if offer is not None:
                return await self._visits.start(context, offer, params)
            if params.name in self._tools:
                _, work = self._tools[params.name]
                return await work(self._visits, context, arguments)
        except msgspec.ValidationError as error:
            return refused(f"The arguments do not fit tool {params.name!r}: {error}.")
        except TenutoError as error:
            return refused(str(error))
        known = ", ".join([*self._offers, *self._tools])
        raise MCPError(
            code=types.INVALID_PARAMS,
            message=f"Unknown tool: {params.name!r:.200}. There are {known}.",
        )

    async def _complete(
        self, context: ServerRequestContext[Any], params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        ref, asked = params.ref, params.argument
        if isinstance(ref, types.PromptReference):
            values = self._prompts.complete(ref.name, asked.name, asked.value)
            completion = types.Completion(
                values=values[:COMPLETIONS_MAX], has_more=len(values) > COMPLETIONS_MAX
            )
        else:
            completion = await self._resources.complete(ref.uri, asked.name, asked.value)
        return types.CompleteResult(completion=completion)
