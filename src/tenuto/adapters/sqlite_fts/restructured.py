"""reStructuredText into light Markdown, line by line, and then into blocks.

Rewriting the lines in place and letting the Markdown reader cut them keeps one notion of a block
for all kinds of documents. Each rule below changes whole lines and never their number.

Source: docutils' reStructuredText specification: sections, literal blocks, directives, tables.
"""

import re
from typing import Final

from tenuto.adapters.sqlite_fts.blocks import ParsedDocument, lines_of
from tenuto.adapters.sqlite_fts.markdown import parse_markdown

_RULE: Final = re.compile(r"^([!-/:-@\[-`{-~])\1{1,}[ \t]*$")
_DIRECTIVE: Final = re.compile(r"^(\s*)\.\. +([\w:.-]+?)::\s*(.*)$")
_MARKUP: Final = re.compile(r"^(\s*)\.\.(?:\s|$)")
_SIMPLE_TABLE: Final = re.compile(r"^\s*=+(?:[ ]+=+)+\s*$")
_GRID_RULE: Final = re.compile(r"^\s*\+[-=+]+\+\s*$")
_FIELD: Final = re.compile(r"^(\s*):([\w -]+):\s+(\S.*)$")
_ROLE: Final = re.compile(r":[\w:+-]+:`([^`<]+?)(?:\s*<[^>`]*>)?`")
_LINK: Final = re.compile(r"`([^`<]+?)\s*<[^>`]*>`__?")
_LITERAL: Final = re.compile(r"``(.+?)``")

_PROSE_NAMES: Final = """
admonition attention caution danger deprecated error hint important note seealso tip topic
versionadded versionchanged warning
"""
_PROSE_DIRECTIVES: Final = frozenset(_PROSE_NAMES.split())
"""Directives whose body is text to read."""

_CODE_DIRECTIVES: Final = frozenset(
    ("code", "code-block", "doctest", "parsed-literal", "sourcecode")
)


def parse_restructured(text: str) -> ParsedDocument:
    """Return the blocks of a reStructuredText document, its lines as light Markdown."""
    lines = [line.expandtabs(4).rstrip() for line in lines_of(text)]
    _rewrite_directives(lines)
    _rewrite_literals(lines)
    _rewrite_tables(lines)
    _rewrite_titles(lines)
    return parse_markdown("\n".join(_rewrite_inline(line) for line in lines))


def _rewrite_directives(lines: list[str]) -> None:
    at = 0
    while at < len(lines):
        markup = _MARKUP.match(lines[at])
        if markup is None:
            at += 1
            continue
        directive = _DIRECTIVE.match(lines[at])
        end = _end_of_body(lines, at + 1, indent=len(markup.group(1)))
        name = directive.group(2) if directive is not None else ""
        if directive is not None and name in _PROSE_DIRECTIVES:
            lines[at] = directive.group(3)
            _dedent(lines, at + 1, end)
            at += 1  # The body may hold directives of its own.
            continue
        lines[at] = ""
        if name in _CODE_DIRECTIVES:
            _indent_as_code(lines, at + 1, end)
        else:
            lines[at:end] = [""] * (end - at)
        at = end


def _rewrite_literals(lines: list[str]) -> None:
    """`text::` and the indented lines below it: the lines become an indented listing."""
    for at, line in enumerate(lines):
        if not line.endswith("::") or not line.strip(": "):
            continue
        indent = len(line) - len(line.lstrip())
        lines[at] = line[:-1]
        _indent_as_code(lines, at + 1, _end_of_body(lines, at + 1, indent=indent))


def _rewrite_tables(lines: list[str]) -> None:
    at = 0
    while at < len(lines):
        if _GRID_RULE.match(lines[at]):
            lines[at] = ""
        elif _SIMPLE_TABLE.match(lines[at]):
            at = _rewrite_simple_table(lines, at)
        at += 1


def _rewrite_simple_table(lines: list[str], at: int) -> int:
    """Turn the rows of a simple table into rows with bars; return its last line's index."""
    starts = [found.start() for found in re.finditer(r"=+", lines[at])]
    rules = [at]
    for end in range(at + 1, len(lines)):
        if _SIMPLE_TABLE.match(lines[end]):
            rules.append(end)
            # The rule that ends a table is followed by a blank line or by the end.
            if end + 1 >= len(lines) or not lines[end + 1]:
                break
    if len(rules) < 2:
        return at
    for row in range(at, rules[-1] + 1):
        if row in rules:
            # The second of three rules ends the head, as `|---|` does in Markdown.
            lines[row] = "|---|" if len(rules) > 2 and row == rules[1] else ""
        elif lines[row]:
            ends = [*starts[1:], len(lines[row])]
            cells = (
                lines[row][start:stop].strip() for start, stop in zip(starts, ends, strict=True)
            )
            lines[row] = "| " + " | ".join(cells) + " |"
    return rules[-1]


def _rewrite_titles(lines: list[str]) -> None:
    """`Title` over a rule becomes `# Title`; styles rank by the order in which they appear."""
    styles: list[str] = []
    for at in range(1, len(lines)):
        if not _is_underline(lines, at):
            continue
        mark = lines[at][0]
        overlined = at >= 2 and _RULE.match(lines[at - 2]) is not None
        style = mark * 2 if overlined and lines[at - 2][0] == mark else mark
        if style not in styles:
            styles.append(style)
        level = min(styles.index(style) + 1, 6)
        lines[at - 1] = "#" * level + " " + lines[at - 1].strip()
        lines[at] = ""
        if len(style) == 2:
            lines[at - 2] = ""


def _is_underline(lines: list[str], at: int) -> bool:
    title = lines[at - 1]
    return (
        _RULE.match(lines[at]) is not None
        and bool(title.strip())
        and len(lines[at].rstrip()) >= max(2, len(title.strip()))
        and _RULE.match(title) is None
        and not title.lstrip().startswith(("|", "#"))
    )


def _rewrite_inline(line: str) -> str:
    if line.startswith("    "):
        return line
    field = _FIELD.match(line)
    if field is not None:
        line = f"{field.group(1)}- {field.group(2)}: {field.group(3)}"
    return _LITERAL.sub(r"`\1`", _LINK.sub(r"\1", _ROLE.sub(r"\1", line)))


def _end_of_body(lines: list[str], at: int, *, indent: int) -> int:
    """Return the index after the last line that is indented deeper than `indent`."""
    end = at
    while at < len(lines):
        if lines[at]:
            if len(lines[at]) - len(lines[at].lstrip()) <= indent:
                break
            end = at + 1
        at += 1
    return end


def _dedent(lines: list[str], start: int, end: int) -> None:
    for at in range(start, end):
        # Options such as `:class: x` steer the output; they are nothing to read.
        lines[at] = "" if re.match(r"^\s+:[\w-]+:", lines[at]) else lines[at].lstrip()


def _indent_as_code(lines: list[str], start: int, end: int) -> None:
    for at in range(start, end):
        if lines[at]:
            lines[at] = "" if re.match(r"^\s+:[\w-]+:", lines[at]) else "    " + lines[at].lstrip()
