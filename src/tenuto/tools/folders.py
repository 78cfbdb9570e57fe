"""Read, list, search and write text files in one folder, and nowhere else."""

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final, Unpack

import tenuto
from tenuto.tools.jail import Jail, parts_of
from tenuto.tools.options import UNTRUSTED, ToolOptions, refuse_others

READ_BYTES_MAX: Final = 256 * 1024
"""One call gives no more of a file than this."""

WRITE_BYTES_MAX: Final = 1024 * 1024
SEARCHED_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a larger file only the beginning is searched."""

ENTRIES_MAX: Final = 1_000
FILES_SEARCHED_MAX: Final = 5_000
HITS_MAX: Final = 100
_LINE_CHARS_MAX: Final = 300


def files(
    folder: str | os.PathLike[str], *, write: bool = False, name: str = "files"
) -> list[tenuto.Tool]:
    """Return the tools of one folder: read, list and search, and with `write` also write.

    Paths are relative to the folder; `..`, absolute paths and links do not lead out of it. Models
    call the tools `files_read`, `files_list`, `files_search` and `files_write`, or what `name` says
    in place of `files`. A relative folder is taken from the working folder of the process.

    Raises:
        Rejected: the system cannot keep files within a folder (Windows).

    Example:
        clerk = Agent("clerk", tools=[*files("documents")])
    """
    tools = [
        files_read(folder, name=f"{name}_read"),
        files_list(folder, name=f"{name}_list"),
        files_search(folder, name=f"{name}_search"),
    ]
    return [*tools, files_write(folder, name=f"{name}_write")] if write else tools


@tenuto.tool_factory
def files_read(folder: str | os.PathLike[str], **options: Unpack[ToolOptions]) -> tenuto.Tool:
    """Return a tool that reads a text file of the folder. See `files`."""
    refuse_others("files_read", options, ToolOptions)
    jail = Jail(folder)

    def read(path: str, first_line: int = 1, lines: int = 2_000) -> dict[str, Any]:
        """Read a text file of the folder, or some lines of it.

        Gives `text`, `first_line` and `last_line`, and `truncated` where the file goes on.

        Args:
            path: relative to the folder.
            first_line: counted from 1.
            lines: how many at most.
        """
        content, size = jail.read(path, SEARCHED_BYTES_MAX)
        found = _text(path, content).splitlines(keepends=True)
        first = max(1, first_line)
        wanted = found[first - 1 : first - 1 + max(1, lines)]
        kept: list[str] = []
        left = READ_BYTES_MAX
        for line in wanted:
            left -= len(line.encode())
            if left < 0:
                break
            kept.append(line)
        if wanted and not kept:
            kept = [wanted[0].encode()[:READ_BYTES_MAX].decode("utf-8", "ignore")]
        last = first - 1 + len(kept)
        told = {"path": path, "text": "".join(kept), "first_line": first, "last_line": last}
        goes_on = last < len(found) or size > len(content) or left < 0
        return {**told, "truncated": True} if goes_on else told

    return _made(read, "files_read", options, safe=True)


@tenuto.tool_factory
def files_list(folder: str | os.PathLike[str], **options: Unpack[ToolOptions]) -> tenuto.Tool:
    """Return a tool that lists the folder. See `files`."""
    refuse_others("files_list", options, ToolOptions)
    jail = Jail(folder)

    def list_files(path: str = "", pattern: str = "*", deep: bool = False) -> dict[str, Any]:
        """List what lies in the folder.

        Gives `entries` with path, kind (`file`, `folder`, `link` or `other`) and bytes.

        Args:
            path: a folder within it; by default itself.
            pattern: glob of the names to list, as `*.md`.
            deep: also what lies in folders within.
        """
        entries: list[dict[str, Any]] = []
        for found, facts in jail.walk(path, deep=deep):
            if not fnmatchcase(found.rpartition("/")[2], pattern):
                continue
            if len(entries) == ENTRIES_MAX:
                return {"entries": entries, "truncated": True}
            entries.append({"path": found, "kind": _kind(facts), "bytes": facts.st_size})
        return {"entries": entries}

    return _made(list_files, "files_list", options, safe=True)


@tenuto.tool_factory
def files_search(folder: str | os.PathLike[str], **options: Unpack[ToolOptions]) -> tenuto.Tool:
    """Return a tool that finds lines of text files in the folder. See `files`."""
    refuse_others("files_search", options, ToolOptions)
    jail = Jail(folder)

    def search(text: str, path: str = "", pattern: str = "*") -> dict[str, Any]:
        """Find the lines of text files that hold a text; upper and lower case are the same.

        Gives `hits` with path, line and text.

        Args:
            text: what to look for, as it stands.
            path: a folder within the folder; by default all of it.
            pattern: glob of the names of the files to look into, as `*.md`.
        """
        if not text.strip():
            raise tenuto.Fatal("There is nothing to look for; give a text.", code="empty")
        hits: list[dict[str, Any]] = []
        for hit in _hits(jail, text.casefold(), path, pattern):
            if hit is None or len(hits) == HITS_MAX:
                return {"hits": hits, "truncated": True}
            hits.append(hit)
        return {"hits": hits}

    return _made(search, "files_search", options, safe=True)


@tenuto.tool_factory
def files_write(folder: str | os.PathLike[str], **options: Unpack[ToolOptions]) -> tenuto.Tool:
    """Return a tool that writes text files in the folder. See `files`."""
    refuse_others("files_write", options, ToolOptions)
    jail = Jail(folder)

    def write(path: str, text: str) -> dict[str, Any]:
        """Write a text file in the folder; what it held before is replaced.

        Args:
            path: relative to the folder; folders that are missing are made.
            text: all that the file is to hold.
        """
        content = text.encode()
        if len(content) > WRITE_BYTES_MAX:
            raise tenuto.Fatal(
                f"The text has {len(content)} bytes; at most {WRITE_BYTES_MAX} are allowed.",
                code="too_large",
            )
        jail.write(path, content)
        return {"path": "/".join(parts_of(path)), "bytes": len(content)}

    return _made(write, "files_write", {"labels": (), **options}, safe=False)


def _made(function: Any, name: str, options: ToolOptions, *, safe: bool) -> tenuto.Tool:
    return tenuto.Tool(
        function,
        name=options.get("name", name),
        permission=options.get("permission", "files:read" if safe else "files:write"),
        labels=options.get("labels", UNTRUSTED),
        safe=safe,
    )


def _hits(jail: Jail, text: str, path: str, pattern: str) -> Iterator[dict[str, Any] | None]:
    """Yield each line that holds `text`; None where too many files would have to be read."""
    searched = 0
    for found, facts in jail.walk(path, deep=True):
        if not stat.S_ISREG(facts.st_mode) or not fnmatchcase(found.rpartition("/")[2], pattern):
            continue
        searched += 1
        if searched > FILES_SEARCHED_MAX:
            yield None
        try:
            content, _ = jail.read(found, SEARCHED_BYTES_MAX)
        except tenuto.Fatal:
            continue  # It may not be read, or was there a moment ago.
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
            if text in line.casefold():
                yield {"path": found, "line": number, "text": line.strip()[:_LINE_CHARS_MAX]}


def _text(path: str, content: bytes) -> str:
    try:
        if b"\0" not in content:
            return content.decode("utf-8-sig", "strict")
    except UnicodeDecodeError as error:
        if len(content) - error.start < 4 and len(content) == SEARCHED_BYTES_MAX:
            return content[: error.start].decode("utf-8-sig")  # The limit cut a character in two.
    raise tenuto.Fatal(f"{path!r:.200} is no text in UTF-8.", code="no_text")


def _kind(facts: os.stat_result) -> str:
    if stat.S_ISREG(facts.st_mode):
        return "file"
    if stat.S_ISDIR(facts.st_mode):
        return "folder"
    return "link" if stat.S_ISLNK(facts.st_mode) else "other"
