"""Sentences know the lines they stand on."""

from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.offline.sentences import Sentence, plain, sentences_of
from tenuto.adapters.offline.words import words_of
from tenuto.ports.collections import Passage


def of(text: str, *, first_line: int = 1) -> list[Sentence]:
    last_line = first_line + text.count("\n")
    return sentences_of(Passage(file="a.md", first_line=first_line, last_line=last_line, text=text))


def test_a_sentence_over_two_lines_has_both() -> None:
    sentences = of(
        "One ends here, at last. The second one goes\non below. And a third one follows.",
        first_line=7,
    )

    assert [(s.text, s.first_line, s.last_line) for s in sentences] == [
        ("One ends here, at last.", 7, 7),
        ("The second one goes on below.", 7, 8),
        ("And a third one follows.", 8, 8),
    ]
    assert sentences[1].before == "One ends here, at last."


def test_abbreviations_numbers_and_code_do_not_end_a_sentence() -> None:
    text = "It costs 3.5 crowns, e.g. For bread, as Dr. Moss said of `a. B` in spring."

    assert len(of(text)) == 1


def test_a_short_lead_stays_with_what_it_leads() -> None:
    assert [s.text for s in of("**No lost session.** Once it returns, it survives any crash.")] == [
        "No lost session. Once it returns, it survives any crash."
    ]


def test_items_are_apart_and_lose_their_marks() -> None:
    sentences = of("Steps:\n- **Read** the [book](b.md).\n2. Close *it*.")

    assert [(s.text, s.quote, s.first_line) for s in sentences] == [
        ("Steps:", "Steps:", 1),
        ("Read the book.", "**Read** the [book](b.md).", 2),
        ("Close it.", "Close *it*.", 3),
    ]


def test_a_short_row_is_one_statement_with_its_columns() -> None:
    (row,) = of("| lamp | range |\n|---|---|\n| Eider | 7 |")

    assert (row.text, row.columns, row.label) == ("Eider — 7", "lamp — range", "Eider")
    assert (row.first_line, row.quote) == (3, "| Eider | 7 |")


def test_heads_of_columns_may_be_bold_as_html_gives_them() -> None:
    (row,) = of("| **lamp** | **range** |\n| Eider | 7 |")

    assert row.columns == "lamp — range"


def test_a_long_cell_gives_its_sentences_under_the_label_of_its_row() -> None:
    cell = (
        "The first sentence has many words, so that this is prose and no figure at all. "
        "The second one is here as well, for `a | b`."
    )
    first, second = of(f"| P3 | {cell} |")

    assert (first.label, second.label) == ("P3", "P3")
    assert second.text == "The second one is here as well, for `a | b`."
    assert second.quote in cell


def test_lines_of_a_listing_are_apart() -> None:
    sentences = of("```python\nx = 1\n\ny = 2\n```")

    assert [(s.text, s.first_line, s.kind) for s in sentences] == [
        ("`x = 1`", 2, "code"),
        ("`y = 2`", 4, "code"),
    ]


def test_code_keeps_its_stars_and_underscores() -> None:
    assert plain("Use `a * b * c` and `__init__`, not **this** or _that_.") == (
        "Use `a * b * c` and `__init__`, not this or that."
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "Words here.",
                "Then more",
                "- item. Two",
                "| a | b. C |",
                "|---|---|",
                "",
                "```",
                "> q",
                "    x",
                "`",
            ]
        ),
        min_size=1,
        max_size=15,
    )
)
def test_the_words_of_a_sentence_stand_on_its_lines_in_order(lines: list[str]) -> None:
    for sentence in of("\n".join(lines)):
        assert 1 <= sentence.first_line <= sentence.last_line <= len(lines)
        there = " ".join(lines[sentence.first_line - 1 : sentence.last_line])
        assert " ".join(words_of(sentence.text)) in " ".join(words_of(there))
        assert " ".join(words_of(sentence.quote)) in " ".join(words_of(there))
