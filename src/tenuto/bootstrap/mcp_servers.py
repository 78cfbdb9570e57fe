"""MCP servers by command or address, and from the file that many programs know."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack

import msgspec

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Auth, Command, McpServer, Rules
from tenuto.adapters.mcp.questions import OnQuestion
from tenuto.bootstrap.mcp_logins import folder
from tenuto.core.errors import DefinitionError, NotFound, Problem, Rejected
from tenuto.ports.tool import ToolSource


class McpRules(TypedDict, total=False):
    """What the owner says of a server and its tools; everything has a default."""

    timeout: float
    """Seconds that one call, or the list of tools, may take; 60."""
    connect_timeout: float
    """Seconds until the server must be ready; 30."""
    trust: bool
    """True: the server's hints count: a tool that it says only reads, or is idempotent, may be
    repeated; one that only reads, in a closed world, is `safe`."""
    idempotent: Sequence[str]
    """Globs of names of tools that may be repeated, by the owner's word."""
    labels: Sequence[str]
    """Of all that its tools return; `untrusted`."""


class McpAuth(TypedDict, total=False):
    """How tokens for a server over HTTP are got, by OAuth. What is secret is named: `${NAME}` is
    the variable of the environment that holds it."""

    grant: str
    """`login`: a person signed in with `tenuto mcp-login`; `client_credentials`: the client has
    credentials of its own; `cross_app`: an identity provider answers for a person."""
    client_id: str
    """By default a client is registered at the first login."""
    client_secret: str
    private_key: str
    """As PEM, instead of `client_secret`: the client signs what it asks."""
    algorithm: str
    """Of the signature; RS256."""
    method: str
    """How the secret is sent: `basic` or `post`."""
    issuer: str
    """Of the authorization server at which the client is known: nothing is sent to another."""
    scope: str
    """Asked for besides what the server asks for."""
    metadata_url: str
    """Where a document describes the client, for servers that take its address as client id."""
    identity_token: str
    identity_endpoint: str
    identity_client: str
    """Of `cross_app`: the identity token, where it is exchanged, and the client's id there."""


class McpOptions(McpRules, total=False):
    """How a server is reached, and `McpRules`."""

    name: str
    """In permissions, `mcp:NAME:TOOL`, and in messages; by default the program or the host."""
    env: Mapping[str, str]
    cwd: str
    inherit: Sequence[str]
    headers: Mapping[str, str]
    auth: "str | McpAuth"
    on_question: OnQuestion


_OF_COMMANDS: Final = ("env", "cwd", "inherit")
_OF_ADDRESSES: Final = ("headers", "auth")


def mcp_server(
    *, command: Sequence[str] = (), url: str = "", **options: Unpack[McpOptions]
) -> ToolSource:
    """Return the tools of an MCP server, for `tenuto.open(tools={...})`; needs the extra `mcp`.

    It is connected to when it is first used. `${NAME}` in an argument, `env`, `cwd`, `url` or a
    header is replaced from the environment then, and hidden in all that is said or recorded.

    Args:
        command: program and arguments of a server that is a child process.
        url: of a server that is asked over streamable HTTP.
        name: in permissions, `mcp:NAME:TOOL`, and in messages; by default the program or the host.
        env: variables for the child, beside the few that every program gets (`PATH`, `HOME`, …).
        inherit: names of other variables of this process that the child gets.
        cwd: folder that the child starts in.
        headers: sent with each request.
        auth: how tokens are got by OAuth: `"login"`, or see `McpAuth`.
        on_question: answers what the server asks while a tool runs. It is called with `server`,
            `message`, `schema` and `url`, and returns the answer as a mapping, or None to decline.
        timeout, connect_timeout, trust, idempotent, labels: see `McpRules`.

    Raises:
        Rejected: neither or both of `command` and `url`, or an option does not fit.

    Example:
        github = tenuto.mcp_server(
            url="https://example.org/mcp", headers={"Authorization": "Bearer ${GITHUB_TOKEN}"}
        )
    """
    if isinstance(command, str) or not all(isinstance(part, str) for part in command):
        words = command.split() if isinstance(command, str) else ["npx", "-y", "some-server"]
        raise Rejected(f"command={command!r:.80}: give a list of texts, as {words!r:.80}.")
    if bool(command) == bool(url):
        raise Rejected("An MCP server is reached by command=[…] or by url=…: give one of the two.")
    others = _OF_ADDRESSES if command else _OF_COMMANDS
    for option in options:
        if option in others or option not in McpOptions.__annotations__:
            known = ", ".join(name for name in McpOptions.__annotations__ if name not in others)
            kind = "command" if command else "url"
            raise Rejected(f"A server by {kind}= has no option {option!r}; there are: {known}.")
    place: Command | Address
    if command:
        place = Command(
            command=tuple(command),
            env=options.get("env", {}),
            cwd=str(options.get("cwd", "")),
            inherit=tuple(options.get("inherit", ())),
        )
    else:
        auth = _auth(options.get("auth"))
        kept = str(folder()) if auth is not None else ""
        place = Address(url=url, headers=options.get("headers", {}), auth=auth, logins=kept)
    return McpServer(
        options.get("name") or _name_of(place), place, _rules(options), schemas=JsonSchemas()
    )


def _auth(given: object) -> Auth | None:
    """Return how tokens are got; None without any.

    Raises:
        Rejected: it does not fit. What was found is not told: it may be a secret.
    """
    if given is None:
        return None
    try:
        return msgspec.convert({"grant": given} if isinstance(given, str) else given, Auth)
    except msgspec.ValidationError as error:
        known = ", ".join(McpAuth.__annotations__)
        raise Rejected(
            f"auth does not fit: {error}. Give 'login', or a mapping; its keys are: {known}."
        ) from None


def _rules(options: McpOptions) -> Rules:
    given = {name: options[name] for name in McpRules.__annotations__ if name in options}  # type: ignore[literal-required]  # names of the type itself
    for name in ("idempotent", "labels"):
        if not isinstance(given.get(name, ()), str):
            given[name] = tuple(given.get(name, getattr(Rules(), name)))
    return Rules(**given, on_question=options.get("on_question"))


_LAUNCHERS: Final = ("npx", "node", "bunx", "deno", "uvx", "uv", "python", "pipx")
"""Programs that say nothing of which server it is, by the beginning of their names."""


def _name_of(place: Command | Address) -> str:
    """Return a name made from the word that says which server it is."""
    if isinstance(place, Command):
        program, *arguments = map(os.path.basename, place.command)
        words = [word for word in arguments if not word.startswith("-") and word != "run"]
        text = words[0] if program.startswith(_LAUNCHERS) and words else program
    else:
        text = str(place).partition("://")[2].partition("/")[0]
    name = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in text)
    return name.strip("_")[:64] or "mcp"


_KEYS: Final = ("command", "args", "env", "cwd", "url", "headers", "auth", "type", "tenuto")
_IGNORED: Final = frozenset({"description", "disabled", "alwaysAllow", "autoApprove", "timeout"})
"""Keys of other programs, with meanings of their own."""

_TYPES: Final = {
    **dict.fromkeys(("stdio", "local"), "command"),
    **dict.fromkeys(("http", "streamable-http", "streamableHttp", "streamable_http"), "url"),
}


def read_servers(
    path: str | os.PathLike[str], **options: Unpack[McpRules]
) -> dict[str, ToolSource]:
    """Return the servers of a JSON file by their names, for `tenuto.open(tools=...)`.

    The file has the form that many programs share: `{"mcpServers": {"name": {"command": "…",
    "args": […], "env": {…}} or {"url": "…", "headers": {…}}}}`. A server with `"disabled": true` is
    left out. `"tenuto": {…}` in a server holds `McpRules` for it, before `options`.

    Raises:
        NotFound: there is no such file.
        DefinitionError: something in it does not fit; it lists all that was found.
    """
    document = _document(os.fspath(path))
    problems: list[Problem] = []
    servers: dict[str, ToolSource] = {}
    for name, entry in _entries(document, problems):
        try:
            servers[name] = mcp_server(name=name, **_settings(entry, options))
        except Rejected as error:
            problems.append(Problem(message=str(error), path=f"mcpServers.{name}"))
    if problems:
        file = os.fspath(path)
        raise DefinitionError([msgspec.structs.replace(found, file=file) for found in problems])
    return servers


def _document(path: str) -> object:
    try:
        with open(path, encoding="utf-8") as file:
            return msgspec.json.decode(file.read())
    except FileNotFoundError:
        raise NotFound(what="file of MCP servers", name=path) from None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        problem = Problem(message=f"The file cannot be read as JSON: {error}.", file=path)
        raise DefinitionError([problem]) from None


def _entries(document: object, problems: list[Problem]) -> Iterator[tuple[str, dict[str, Any]]]:
    servers = document.get("mcpServers") if isinstance(document, dict) else None
    if not isinstance(servers, dict):
        problems.append(
            Problem(
                message="The file holds no servers.",
                hint='Write {"mcpServers": {"name": {"command": "…", "args": […]}}}.',
            )
        )
        return
    for name, entry in servers.items():
        if not isinstance(entry, dict):
            problems.append(Problem(message="A server is an object.", path=f"mcpServers.{name}"))
        elif entry.get("disabled") is not True:
            yield name, entry


def _settings(entry: dict[str, Any], options: McpRules) -> dict[str, Any]:
    """Return the arguments of `mcp_server` that an entry stands for.

    Raises:
        Rejected: a key or a value does not fit.
    """
    for key in entry:
        if key not in _KEYS and key not in _IGNORED:
            raise Rejected(f"There is no key {key!r:.60}; there are: {', '.join(_KEYS)}.")
    kind = entry.get("type")
    if kind is not None and _TYPES.get(kind if isinstance(kind, str) else "") not in entry:
        raise Rejected(
            f"type={kind!r:.40} does not fit: 'stdio' stands with a command, 'http' with a url; "
            "there is no other."
        )
    rules = entry.get("tenuto", {})
    if not isinstance(rules, dict) or not set(rules) <= set(McpRules.__annotations__):
        known = ", ".join(McpRules.__annotations__)
        raise Rejected(f"tenuto={rules!r:.80}: give an object; its keys are: {known}.")
    settings: dict[str, Any] = {**options, **rules}
    for key in ("env", "cwd", "url", "headers", "auth"):
        if key in entry:
            settings[key] = entry[key]
    if "command" in entry:
        command, arguments = entry["command"], entry.get("args", [])
        if not isinstance(command, str) or not isinstance(arguments, list):
            raise Rejected("command is a text, and args a list of texts.")
        settings["command"] = [command, *arguments]
    elif "args" in entry:
        raise Rejected("args stand with a command.")
    if not isinstance(settings.get("url", ""), str):
        raise Rejected("url is a text.")
    return settings
