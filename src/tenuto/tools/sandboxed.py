"""Run what a model writes: snippets of Python, and programs, where they can reach nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import tenuto
from tenuto.tools.options import ToolOptions, limits_from, refuse_others


class SandboxOptions(ToolOptions, total=False):
    """What can be said about a tool that runs code."""

    limits: tenuto.SandboxLimits | Mapping[str, int]


@tenuto.tool_factory
def python(**options: Unpack[SandboxOptions]) -> tenuto.Tool:
    """Return a tool that runs a snippet of Python in Monty (extra `monty`).

    A snippet has no network, no files, no environment and no packages; `math`, `json`, `re`,
    `datetime` and a few more modules are there.

    Args:
        limits: `tenuto.SandboxLimits`, or some of them by name.
        name: what models call it; `python` by default.
        permission: `python:run` by default.
        labels: of what comes back; none by default.

    Raises:
        Rejected: an option does not fit.
    """
    refuse_others("python", options, SandboxOptions)
    limits = limits_from(options.get("limits"))

    async def run(code: str, inputs: dict[str, Any] = {}) -> dict[str, Any]:  # noqa: B006  # the tool makes a new one for each call
        """Run a snippet of Python: to compute, to work on data.

        It has no network, no files and no packages, only parts of the standard library. Gives
        `value`, that of the last expression, and `printed`; or `error`.

        Args:
            code: the snippet; end it with an expression that is JSON.
            inputs: values by the names under which the snippet finds them.
        """
        result = await tenuto.sandbox("monty").run(code, inputs=inputs, limits=limits)
        told: dict[str, Any] = {"printed": result.output, "error": result.error}
        told |= {"stopped": result.stopped, "truncated": result.truncated}
        return {"value": result.value, **{name: told[name] for name in told if told[name]}}

    return tenuto.Tool(
        run,
        name=options.get("name", "python"),
        permission=options.get("permission", "python:run"),
        labels=options.get("labels", ()),
        safe=True,
    )


@tenuto.tool_factory
def program(allow: Sequence[str], **options: Unpack[SandboxOptions]) -> tenuto.Tool:
    """Return a tool that runs one of these programs in bubblewrap (Linux, package `bubblewrap`).

    A program has no network, no environment, none of the machine's files but its programs and
    libraries, and a working folder of its own that is gone afterwards. One that runs others, as
    `sh` or `python3`, runs them in the same place.

    Args:
        allow: names of programs below `/usr`.
        limits: `tenuto.SandboxLimits`, or some of them by name.
        name: what models call it; `program` by default.
        permission: `program:run` by default.
        labels: of what comes back; none by default.

    Raises:
        Rejected: no program is named, or an option does not fit.
    """
    refuse_others("program", options, SandboxOptions)
    if isinstance(allow, str) or not allow or not all(allow):
        raise tenuto.Rejected(f"allow={allow!r:.80} names no program; give a list, as ['sort'].")
    limits, allowed = limits_from(options.get("limits")), tuple(allow)

    async def run(
        argv: list[str],
        stdin: str = "",
        files: dict[str, str] = {},  # noqa: B006  # the tool makes a new one for each call
        keep: list[str] = [],  # noqa: B006  # the tool makes a new one for each call
    ) -> dict[str, Any]:
        if not argv or argv[0] not in allowed:
            raise tenuto.Fatal(
                f"The program {argv[0] if argv else ''!r:.80} is not allowed; these are: "
                f"{', '.join(allowed)}.",
                code="program_not_allowed",
            )
        result = await tenuto.sandbox("bubblewrap").run(
            argv,
            limits=limits,
            stdin=stdin.encode(),
            files={path: text.encode() for path, text in files.items()},
            keep=keep,
        )
        told: dict[str, Any] = {"error": result.error, "stopped": result.stopped}
        told |= {"truncated": result.truncated, "files": _texts(result.files)}
        kept = {name: told[name] for name in told if told[name]}
        return {"exit_code": result.exit_code, "output": result.output, **kept}

    run.__doc__ = f"""Run one of these programs: {", ".join(allowed)}.

It has no network, and a working folder of its own that is gone afterwards. Gives `exit_code`,
`output`, `error` and the `files` that were to be kept.

Args:
    argv: the program's name and its arguments, one text each; no shell reads them.
    stdin: what it reads.
    files: texts by relative path, put into the working folder first.
    keep: relative paths of files to give back.
"""
    return tenuto.Tool(
        run,
        name=options.get("name", "program"),
        permission=options.get("permission", "program:run"),
        labels=options.get("labels", ()),
        safe=True,
    )


def _texts(files: Mapping[str, bytes]) -> dict[str, str]:
    texts = {}
    for path, content in files.items():
        try:
            texts[path] = content.decode()
        except UnicodeDecodeError:
            texts[path] = f"({len(content)} bytes that are no text)"
    return texts
