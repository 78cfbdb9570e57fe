"""Tell a person something."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any, Final, Unpack

import tenuto
from tenuto.tools.options import ToolOptions, refuse_others

MESSAGE_CHARS_MAX: Final = 4_000

Send = Callable[..., Any]


@tenuto.tool_factory
def notify(send: Send | str | None = None, **options: Unpack[ToolOptions]) -> tenuto.Tool:
    """Return a tool that tells a person something.

    What was told is on record as a note `notification`. With `send` it is also sent: a function
    `(ctx, message, to)`, plain or async, that can be imported, or its name `module:function`. The
    tool is `once` then: a message that may have been sent is not sent again blindly.

    Args:
        send: how to reach people; None: the record is all.
        name: what models call it; `notify` by default.
        permission: `people:notify` by default.
        labels: of what comes back; none by default.

    Raises:
        DefinitionError: `send` is no function that can be imported.
        Rejected: an option does not fit.
    """
    refuse_others("notify", options, ToolOptions)

    async def tell(ctx: tenuto.Context, message: str, to: str = "") -> dict[str, Any]:
        """Tell a person something: that work is done, that something is odd.

        Args:
            message: what to tell, in a few sentences.
            to: whom; whoever started the work by default.
        """
        if not message.strip() or len(message) > MESSAGE_CHARS_MAX:
            raise tenuto.Fatal(
                f"A message has 1 to {MESSAGE_CHARS_MAX} characters, this one {len(message)}.",
                code="message",
            )
        if send is not None:
            sent = _function(send)(ctx, message, to)
            if inspect.isawaitable(sent):
                await sent
        ctx.note("notification", {"to": to, "message": message})
        return {"told": True}

    return tenuto.Tool(
        tell,
        name=options.get("name", "notify"),
        permission=options.get("permission", "people:notify"),
        labels=options.get("labels", ()),
        once=send is not None,
    )


def _function(send: Send | str) -> Send:
    if not isinstance(send, str):
        return send
    module, _, name = send.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise tenuto.Escalatable(
            f"{send!r:.200} cannot be imported: {error}. Make its module importable, then approve "
            "to try again.",
            code="code_not_found",
        ) from None
    function: Send = found
    return function
