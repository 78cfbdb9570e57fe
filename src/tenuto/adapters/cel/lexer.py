"""The words of a CEL expression: enough to see what it reads, without understanding it.

Source: the lexical rules of the CEL language definition, cel-spec `doc/langdef.md`, section Syntax.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

Kind = str
"""`name`, `string`, `number`, `other`."""


class Token(NamedTuple):
    """One word: its kind, its text, and where it begins."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Return where the next word may begin."""
        return self.start + len(self.text)


_TOKEN: Final = re.compile(
    r"""
    (?P<space>   \s+ | //[^\n]* )
  | (?P<string>
        (?: [rR][bB]? | [bB][rR] ) (?: \"\"\" .*? \"\"\" | ''' .*? ''' | "[^"\n]*" | '[^'\n]*' )
      | [bB]? (?: \"\"\" (?: \\. | [^\\] )*? \"\"\" | ''' (?: \\. | [^\\] )*? '''
                | "(?: \\. | [^"\\\n] )*" | '(?: \\. | [^'\\\n] )*' ) )
  | (?P<name>    [A-Za-z_][A-Za-z0-9_]* )
  | (?P<number>  0[xX][0-9a-fA-F]+[uU]? | (?: [0-9]+ (?: \.[0-9]+ )? | \.[0-9]+ )
                 (?: [eE][+-]?[0-9]+ )? [uU]? )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(source: str) -> Iterator[Token]:
    """Yield the words of `source`; spaces and comments are left out."""
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup
        if kind is not None and kind != "space":
            yield Token(kind, match[0], match.start())


_PLAIN_STRING: Final = re.compile(r"""(?:"([^"\\]*)"|'([^'\\]*)')""")


def plain_text(literal: str) -> str | None:
    """Return the text of a string literal without prefix and escapes, else None."""
    match = _PLAIN_STRING.fullmatch(literal)
    if match is None or literal.startswith(('"""', "'''")):
        return None
    return match[1] if match[1] is not None else match[2]
