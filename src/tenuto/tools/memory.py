"""Remember, recall and forget: what an agent with a memory may do by itself."""

from typing import Any

import tenuto

RECALLED_MAX = 20


# Safe, although it changes something: what it keeps bears the labels of the data that it came from,
# and nobody is told.
@tenuto.tool(safe=True, permission="memory:remember")
async def remember(ctx: tenuto.Context, text: str, key: str = "") -> dict[str, Any]:
    """Remember something beyond this task: a fact, a preference, a decision. One thing at a time,
    in a sentence that can be understood by itself.

    Args:
        text: what to remember.
        key: what it is about, in a few words, as `report length`. What was remembered under the
            same key before is replaced.
    """
    found = await ctx.memory.remember(text, key=key)
    if not found:
        return {"kept": False, "why": "It says nothing that could be of use later."}
    return {"kept": True, "id": found}


@tenuto.tool(safe=True, permission="memory:recall")
async def recall(ctx: tenuto.Context, query: str, limit: int = 5) -> dict[str, Any]:
    """Look up what you remember from earlier work.

    Args:
        query: what to look for, in words that it may hold.
        limit: how many memories at most, up to 20.
    """
    found = await ctx.memory.recall(query, limit=max(1, min(limit, RECALLED_MAX)))
    return {"memories": [{"key": one.key, "kind": one.kind, "text": one.text} for one in found]}


@tenuto.tool(permission="memory:forget")
async def forget(ctx: tenuto.Context, key: str) -> dict[str, Any]:
    """Forget what you remember under a key.

    Args:
        key: as it was given when it was remembered.
    """
    return {"forgotten": await ctx.memory.forget(key)}
