"""What the conformance suite starts as its client: `tenuto.mcp_server`, driven as it asks.

The suite gives the address of its server as the last argument, the name of the scenario in
`MCP_CONFORMANCE_SCENARIO`, and what an administrator would know in `MCP_CONFORMANCE_CONTEXT`. A
person is a browser that follows where it is sent. With `CONFORMANCE_IDLE` it does nothing, so that
it can be seen that the suite would find out.
"""

import asyncio
import json
import os
import sys
import tempfile
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx2

import tenuto
from tenuto.bootstrap.mcp_logins import FOLDER_VARIABLE, login
from tenuto.core.errors import WorkFailed
from tenuto.ports.tool import ToolSource

CALLS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "tools_call": ("add_numbers", {"a": 5, "b": 3}),
    "sse-retry": ("test_reconnection", {}),
    "elicitation-": ("test_client_elicitation_defaults", {}),
    "auth/": ("test-tool", {}),
}
"""Beginnings of scenarios to the tool that they want called. Others want the tools listed."""

METADATA_URL: Final = "https://conformance-test.local/client-metadata.json"
"""The client id that the scenarios of client metadata documents know."""

SIGN_INS_MAX: Final = 2
"""The first, and one for a wider scope."""


class Session:
    """One server, used until it answers or cannot be used."""

    def __init__(self, url: str, scenario: str) -> None:
        self.url, self.scenario = url, scenario

    def server(self, **auth: Any) -> ToolSource:
        if not self.scenario.startswith("auth/"):
            agrees = {"on_question": lambda question: {}} if "elicitation" in self.scenario else {}
            return tenuto.mcp_server(name="conformance", url=self.url, timeout=20, **agrees)
        return tenuto.mcp_server(
            name="conformance", url=self.url, timeout=20, auth={**self.auth(), **auth}
        )

    def auth(self) -> Any:
        """Return the settings of this scenario; secrets are put into the environment."""
        context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
        auth: dict[str, str] = {}
        for key, setting in (
            ("client_id", "client_id"),
            ("signing_algorithm", "algorithm"),
            ("idp_client_id", "identity_client"),
            ("idp_token_endpoint", "identity_endpoint"),
        ):
            if key in context:
                auth[setting] = context[key]
        for key, setting in (
            ("client_secret", "client_secret"),
            ("private_key_pem", "private_key"),
            ("idp_id_token", "identity_token"),
        ):
            if key in context:
                os.environ[f"CONFORMANCE_{setting.upper()}"] = context[key]
                auth[setting] = f"${{CONFORMANCE_{setting.upper()}}}"
        if context:
            auth["issuer"] = issuer_of(self.url)
        if "client-credentials" in self.scenario:
            auth["grant"] = "client_credentials"
        elif "cross-app" in self.scenario:
            auth["grant"] = "cross_app"
        elif self.scenario == "auth/basic-cimd":
            auth["metadata_url"] = METADATA_URL
        return auth

    async def use(self) -> None:
        wanted: dict[str, str] = {}
        for left in reversed(range(SIGN_INS_MAX + 1)):
            try:
                await self.call(self.server(**wanted))
                break
            except WorkFailed as error:
                if error.code != "sign_in" or not left:
                    raise
                print("to do:", error)
                _, _, scope = str(error).partition("--scope ")
                wanted = {"scope": scope.rpartition(",")[0].strip("'")} if scope else {}
                print("done:", await login(self.server(**wanted), follow))

    async def call(self, server: ToolSource) -> None:
        try:
            tools = {tool.spec.name: tool for tool in await server.tools()}
            print("tools:", ", ".join(tools) or "none")
            for beginning, (name, arguments) in CALLS.items():
                if self.scenario.startswith(beginning):
                    called: Any = tools[name].function(**tools[name].bind(arguments))
                    print("result:", await called)
        finally:
            await server.close()


async def follow(url: str) -> None:
    """Be the browser of a person who is signed in, and says yes."""
    async with httpx2.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        (await browser.get(url)).raise_for_status()


def issuer_of(url: str) -> str:
    """Return what the administrator of the server at `url` tells of its authorization server."""
    parts = urlsplit(url)
    path = f"/.well-known/oauth-protected-resource{parts.path}"
    answer = httpx2.get(urlunsplit((parts.scheme, parts.netloc, path, "", "")), trust_env=False)
    return str(answer.json()["authorization_servers"][0])


if __name__ == "__main__":
    if "CONFORMANCE_IDLE" in os.environ:
        sys.exit(0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER_VARIABLE] = folder
        asyncio.run(Session(sys.argv[-1], os.environ.get("MCP_CONFORMANCE_SCENARIO", "")).use())
