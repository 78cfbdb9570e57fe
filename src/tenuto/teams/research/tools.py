"""The two tools of the agents: search the collection, and read lines of a document.

They hold no state: each call opens the collection by its name, so any process can answer it.
"""

from contextlib import closing
from typing import Any, Final

import tenuto

LIMIT_MAX: Final = 20
"""Passages that one search gives at most: more would crowd out the rest of a conversation."""


@tenuto.tool(name="search")
def search(collection: str, query: str, limit: int = 8) -> dict[str, Any]:
    """Find passages about `query` in the documents; words in double quotes are a phrase.

    Gives `passages`, best first, each with file, first_line, last_line, heading and text, and
    `unmatched`: the words of the query that no document has.
    """
    with closing(tenuto.open_collection(collection)) as documents:
        hits = documents.search(query, limit=max(1, min(limit, LIMIT_MAX)))
    return {
        "passages": [
            {
                "file": passage.file,
                "first_line": passage.first_line,
                "last_line": passage.last_line,
                "heading": list(passage.heading),
                "text": passage.text,
                "score": passage.score,
            }
            for passage in hits.passages
        ],
        "unmatched": list(hits.unmatched),
    }


@tenuto.tool(name="read")
def read(collection: str, file: str, first_line: int, last_line: int) -> dict[str, Any]:
    """Read lines of a document, as they were indexed: to check a quote or see what is around it."""
    with closing(tenuto.open_collection(collection)) as documents:
        passage = documents.read(file, first_line=first_line, last_line=last_line)
    return {
        "file": passage.file,
        "first_line": passage.first_line,
        "last_line": passage.last_line,
        "heading": list(passage.heading),
        "text": passage.text,
    }
