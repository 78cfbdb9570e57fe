"""Find passages in a collection of documents."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Unpack

import tenuto
from tenuto.tools.options import UNTRUSTED, ToolOptions, refuse_others

LIMIT_MAX: Final = 20
"""Passages that one search gives at most: more would crowd out the rest of a conversation."""


@tenuto.tool_factory
def search(collection: str | os.PathLike[str], **options: Unpack[ToolOptions]) -> tenuto.Tool:
    """Return a tool that finds passages in documents.

    Args:
        collection: a folder or file of documents, or the name that `tenuto.add_collection` gave.
        name: what models call it; `search` by default.
        permission: `search` by default.
        labels: of what comes back; `untrusted` by default.

    Raises:
        Rejected: an option does not fit.
    """
    refuse_others("search", options, ToolOptions)
    given = os.fspath(collection)
    if not given.strip():
        raise tenuto.Rejected("Name a collection, or a folder of documents.")

    def find(query: str, limit: int = 8) -> dict[str, Any]:
        """Find passages about `query` in the documents; words in double quotes are a phrase.

        Gives `passages`, best first, each with file, first_line, last_line, heading and text, and
        `unmatched`: the words of the query that no document has.
        """
        name = tenuto.add_collection(given) if Path(given).exists() else given
        with closing(tenuto.open_collection(name)) as documents:
            hits = documents.search(query, limit=max(1, min(limit, LIMIT_MAX)))
        return {
            "passages": [
                {
                    "file": passage.file,
                    "first_line": passage.first_line,
                    "last_line": passage.last_line,
                    "heading": list(passage.heading),
                    "text": passage.text,
                }
                for passage in hits.passages
            ],
            "unmatched": list(hits.unmatched),
        }

    return tenuto.Tool(
        find,
        name=options.get("name", "search"),
        permission=options.get("permission", "search"),
        labels=options.get("labels", UNTRUSTED),
        safe=True,
    )
