"""Tools of MCP servers, by the official SDK (extra `mcp`). May import `core`, `ports`."""

from tenuto.adapters.mcp.oauth.settings import Auth
from tenuto.adapters.mcp.settings import Address, Command, Rules
from tenuto.adapters.mcp.source import McpServer

__all__ = ["Address", "Auth", "Command", "McpServer", "Rules"]
