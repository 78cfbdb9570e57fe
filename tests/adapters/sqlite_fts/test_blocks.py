"""Documents of each kind become blocks whose lines are the lines of the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.sqlite_fts.blocks import ParsedDocument, lines_of
from tenuto.adapters.sqlite_fts.documents import PARSERS
from tenuto.adapters.sqlite_fts.hypertext import parse_hypertext
from tenuto.adapters.sqlite_fts.markdown import parse_markdown
from tenuto.adapters.sqlite_fts.restructured import parse_restructured

MARKDOWN = """---
title: kept out
---
# First `heading` of [two](x.md)

A paragraph
of two lines.

- an item
  that goes on
- another

| a | b |
|---|---|
| 1 | 2 |

```python
# not a heading
```

Setext
------
<!-- a comment
# not a heading either -->
    an indented listing

1. one
2. two
"""

RESTRUCTURED = """=====
Title
=====

Text with ``code`` and :ref:`a role <target>`.

Section
-------

.. note::

   Read this.

.. toctree::

   hidden

Listing::

    x = 1

=====  =====
left   right
=====  =====
1      2
=====  =====
"""

HYPERTEXT = """<html><head><title>no</title><style>p { color: red }</style></head>
<body>
<nav>menu</nav>
<h1>Head <em>line</em></h1>
<p>One
two &amp; three.</p><p>Same line.</p>
<ul><li>item one
<li>item two</ul>
<pre>
  kept   blanks
</pre>
<table><tr><th>key</th><th>value</th></tr>
<tr><td>a</td><td>1</td></tr></table>
<script>var hidden = "yes";</script>
</body></html>
"""


def shape(document: ParsedDocument) -> list[tuple[str, int, int]]:
    return [(block.kind, block.first_line, block.last_line) for block in document.blocks]


def text_of(document: ParsedDocument) -> str:
    return "\n".join(document.lines)


def test_markdown_is_cut_into_blocks_with_their_lines() -> None:
    document = parse_markdown(MARKDOWN)

    assert shape(document) == [
        ("heading", 4, 4),
        ("prose", 6, 7),
        ("item", 9, 10),
        ("item", 11, 11),
        ("row", 13, 13),
        ("row", 14, 14),
        ("row", 15, 15),
        ("code", 17, 19),
        ("heading", 21, 22),
        ("code", 25, 25),
        ("item", 27, 27),
        ("item", 28, 28),
    ]
    assert document.title == "First heading of two"


def test_comments_and_front_matter_are_blanked_and_keep_their_lines() -> None:
    document = parse_markdown(MARKDOWN)

    assert len(document.lines) == MARKDOWN.count("\n") + 1
    assert "kept out" not in text_of(document)
    assert "not a heading either" not in text_of(document)


def test_a_rule_on_top_of_a_document_is_no_front_matter() -> None:
    document = parse_markdown("---\nJust text.\n---\nMore.\n")

    assert "Just text." in text_of(document)


def test_restructured_text_becomes_light_markdown_line_by_line() -> None:
    document = parse_restructured(RESTRUCTURED)

    assert len(document.lines) == RESTRUCTURED.count("\n") + 1
    assert document.lines[1] == "# Title"
    assert document.lines[4] == "Text with `code` and a role."
    assert document.lines[6] == "## Section"
    assert document.lines[11] == "Read this."
    assert document.lines[22] == "| left | right |"
    assert "hidden" not in text_of(document)


def test_restructured_blocks_have_the_lines_of_the_file() -> None:
    document = parse_restructured(RESTRUCTURED)

    assert ("heading", 2, 2) in shape(document)
    assert ("heading", 7, 7) in shape(document)
    assert ("code", 20, 20) in shape(document)
    assert ("row", 25, 25) in shape(document)


def test_an_overlined_title_is_above_an_underlined_one() -> None:
    document = parse_restructured(RESTRUCTURED)

    levels = {block.title: block.level for block in document.blocks if block.kind == "heading"}
    assert levels == {"Title": 1, "Section": 2}


def test_html_is_read_as_a_browser_shows_it_with_the_lines_of_the_file() -> None:
    document = parse_hypertext(HYPERTEXT)

    assert shape(document) == [
        ("heading", 4, 4),
        ("prose", 5, 6),
        ("prose", 6, 6),
        ("item", 7, 7),
        ("item", 8, 8),
        ("code", 10, 10),
        ("row", 12, 12),
        ("row", 13, 13),
    ]
    assert document.title == "Head line"


def test_blocks_on_one_line_of_html_keep_their_own_text() -> None:
    texts = [block.text for block in parse_hypertext(HYPERTEXT).blocks]

    assert texts[1:3] == ["One\ntwo & three.", "Same line."]
    assert texts[3] == "- item one"
    assert texts[6:] == ["| **key** | **value** |", "| a | 1 |"]


def test_scripts_styles_menus_and_the_head_are_dropped_from_html() -> None:
    shown = text_of(parse_hypertext(HYPERTEXT))

    for hidden in ("color", "menu", "hidden", "no"):
        assert hidden not in shown.split()


def test_a_form_feed_does_not_shift_the_lines() -> None:
    text = "one\x0cstill one\r\ntwo\rthree\u2028still three"

    assert len(lines_of(text)) == 3


@pytest.mark.parametrize("ending", sorted(PARSERS))
@pytest.mark.parametrize("piece", ["<!-- x\n", "<a ", "<![ x ", "<?", "[[!", "| `", "*_", ":a:`"])
def test_what_is_opened_and_never_closed_is_read_in_time(ending: str, piece: str) -> None:
    text = piece * 50_000

    assert len(PARSERS[ending](text).lines) == text.count("\n") + 1


def test_html_that_is_broken_keeps_its_text() -> None:
    document = parse_hypertext("<!DOCTYPE html>\n<p>a < b and <![CDATA[c]]> d <? e")

    assert document.lines[1].split() == ["a", "<", "b", "and", "d", "e"]


@given(
    ending=st.sampled_from(sorted(PARSERS)),
    text=st.lists(
        st.sampled_from(
            [
                "# T", "text", "", "- i", "    c", "```", "| a |", "|---|", "====", "----", "a::",
                ".. n::", "   x", "== ==", "a  b", "<p>", "</p>", "<li>x", "<pre>", "</script>",
                "<td>y", "<script>", "<!--", "-->", "+--+", "> q", "1. x", "&amp;", "<h2>h</h2>",
            ]
        ),
        max_size=30,
    ).map("\n".join),
)  # fmt: skip
def test_whatever_a_file_holds_its_blocks_lie_within_it_and_in_order(
    ending: str, text: str
) -> None:
    document = PARSERS[ending](text)

    assert len(document.lines) == len(lines_of(text))
    last = 0
    for block in document.blocks:
        assert 1 <= block.first_line <= block.last_line <= len(document.lines)
        assert block.first_line >= last or ending in (".html", ".htm")
        last = block.first_line
