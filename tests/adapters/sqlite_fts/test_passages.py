"""Passages: whole blocks of one section, 60 to 200 words, line for line."""

from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.sqlite_fts.markdown import parse_markdown
from tenuto.adapters.sqlite_fts.passages import (
    LISTING_LINES_MAX,
    PASSAGE_CHARS_MAX,
    PASSAGE_WORDS_MAX,
    Piece,
    passages_of,
)


def cut(text: str) -> list[Piece]:
    return list(passages_of(parse_markdown(text)))


def sentences(count: int, words: int = 10) -> str:
    return " ".join(f"Sentence {n} {'word ' * (words - 3)}ends." for n in range(count))


def test_short_blocks_of_one_section_go_together() -> None:
    pieces = cut("# A\n\nOne.\n\n- two\n- three\n")

    assert [piece.text for piece in pieces] == ["One.\n\n- two\n- three"]
    assert (pieces[0].first_line, pieces[0].last_line) == (3, 5 + 1)


def test_a_passage_never_crosses_a_heading_and_knows_those_above() -> None:
    pieces = cut("# A\nx\n## B\ny\n### C\nz\n## D\nw\n")

    assert [(piece.heading, piece.text) for piece in pieces] == [
        (("A",), "x"),
        (("A", "B"), "y"),
        (("A", "B", "C"), "z"),
        (("A", "D"), "w"),
    ]


def test_a_section_that_grows_too_long_is_cut_between_blocks() -> None:
    block = sentences(9)
    pieces = cut("\n\n".join([block] * 4))

    assert all(len(piece.text.split()) <= PASSAGE_WORDS_MAX for piece in pieces)
    assert [piece.text.count("Sentence 0") for piece in pieces] == [2, 2]


def test_a_line_that_announces_a_list_stays_with_its_first_item() -> None:
    pieces = cut(f"{sentences(19)} The steps are:\n\n- {sentences(3)}\n")

    assert len(pieces) == 1


def test_a_paragraph_that_is_too_long_is_cut_between_sentences() -> None:
    text = "\n".join(sentences(5) for _ in range(12))
    pieces = cut(text)

    assert len(pieces) > 1
    assert all(piece.text.rstrip().endswith("ends.") for piece in pieces)
    assert [piece.first_line for piece in pieces] == [1, 5, 9]


def test_a_paragraph_in_one_long_line_is_cut_too() -> None:
    pieces = cut(sentences(50))

    assert len(pieces) == 3
    assert {(piece.first_line, piece.last_line) for piece in pieces} == {(1, 1)}


def test_a_listing_stays_whole() -> None:
    listing = "```\n" + "\n".join(f"line {n} of code" for n in range(100)) + "\n```"
    pieces = cut(f"Before.\n\n{listing}\n\nAfter.\n")

    assert listing in [piece.text for piece in pieces]


def test_a_listing_as_long_as_a_book_does_not() -> None:
    pieces = cut("```\n" + "x = 1\n" * (3 * LISTING_LINES_MAX) + "```\n")

    assert len(pieces) == 4
    assert pieces[1].first_line == LISTING_LINES_MAX + 1


def test_a_line_of_data_is_cut_anywhere() -> None:
    pieces = cut("x" * (2 * PASSAGE_CHARS_MAX + 5) + "\nend\n")

    assert [len(piece.text) for piece in pieces] == [PASSAGE_CHARS_MAX, PASSAGE_CHARS_MAX, 9]
    assert [piece.last_line for piece in pieces] == [1, 1, 2]


@given(
    st.lists(
        st.sampled_from(
            ["# H", "", "- item one", "word. Word! " * 9, "plain", "| a | b |", "    c"]
        ),
        max_size=40,
    ).map("\n".join)
)
def test_each_line_of_a_passage_is_a_line_of_the_file(text: str) -> None:
    lines = text.split("\n")

    for piece in cut(text):
        shown = piece.text.split("\n")
        assert len(shown) == piece.last_line - piece.first_line + 1
        for line, original in zip(shown, lines[piece.first_line - 1 :], strict=False):
            assert line.strip() in original
