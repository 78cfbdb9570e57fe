"""Two questions may have one answer only where nothing that turns an answer round differs."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tenuto.core.agent.likeness import CHARS_MAX, alike, explained, marks_of
from tenuto.core.agent.likeness_words import FREE_WORDS, NEGATIONS

WORDS_TEXT = """
server client budget letter garden window report answer customer kitchen planet invoice contract
engine market student bridge flower camera doctor explains covers reaches follows carries holds
reads checks blue green heavy distant near quiet every under between
"""
WORDS = WORDS_TEXT.split()
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25)
BOTH = pytest.mark.parametrize("same_words", [True, False])


@BOTH
@given(
    words=SENTENCES,
    negation=st.sampled_from(sorted(NEGATIONS)),
    at=st.integers(0, 25),
)
def test_a_question_and_its_negation_are_never_alike(
    words: list[str], negation: str, at: int, same_words: bool
) -> None:
    negated = [*words[:at], negation, *words[at:]]

    assert not alike(" ".join(words), " ".join(negated), same_words=same_words)


@BOTH
@given(words=SENTENCES, at=st.integers(0, 25), numbers=st.lists(st.integers(0, 10_000), max_size=2))
def test_a_number_more_or_another_one_sets_questions_apart(
    words: list[str], at: int, numbers: list[int], same_words: bool
) -> None:
    def told(number: int) -> str:
        return " ".join([*words[:at], str(number), *words[at:]])

    plain, one, other = " ".join(words), told(7), told(8)

    assert not alike(plain, one, same_words=same_words)
    assert not alike(one, other, same_words=same_words)
    for number in numbers:
        assert alike(told(number), told(number), same_words=same_words)


@given(words=SENTENCES, at=st.integers(0, 24), other=st.sampled_from(WORDS))
def test_another_word_sets_questions_apart(words: list[str], at: int, other: str) -> None:
    at %= len(words)
    assume(words[at] != other)
    changed = [*words[:at], other, *words[at + 1 :]]

    assert not alike(" ".join(words), " ".join(changed))


@given(words=SENTENCES, at=st.integers(0, 25), more=st.sampled_from(WORDS))
def test_a_word_more_sets_questions_apart(words: list[str], at: int, more: str) -> None:
    assert not alike(" ".join(words), " ".join([*words[:at], more, *words[at:]]))


@given(words=st.permutations(WORDS[:8]), other=st.permutations(WORDS[:8]))
def test_another_order_sets_questions_apart(words: list[str], other: list[str]) -> None:
    assert alike(" ".join(words), " ".join(other)) == (words == other)


@given(
    words=SENTENCES,
    at=st.integers(0, 25),
    free=st.sampled_from(sorted(FREE_WORDS)),
    end=st.sampled_from(["", "?", "!", " ???", "."]),
)
def test_small_words_case_and_punctuation_change_nothing(
    words: list[str], at: int, free: str, end: str
) -> None:
    text = " ".join([*words[:at], free, *words[at:]])

    assert alike(" ".join(words), text[0].upper() + text[1:] + end)


@BOTH
@given(text=st.text(max_size=200), other=st.text(max_size=200))
def test_likeness_holds_both_ways_and_with_itself(text: str, other: str, same_words: bool) -> None:
    there = alike(text, other, same_words=same_words)

    assert there == alike(other, text, same_words=same_words)
    known = marks_of(text, same_words=same_words) is not None
    assert alike(text, text, same_words=same_words) == known


@BOTH
def test_a_text_without_anything_to_compare_is_like_no_other(same_words: bool) -> None:
    assert not alike("", "", same_words=same_words)
    assert not alike("x" * (CHARS_MAX + 1), "x" * (CHARS_MAX + 1), same_words=same_words)
    assert not alike("is it?", "do this!")


def test_marks_say_what_was_seen() -> None:
    text = "Why can't Anna open report_v2.csv with 3 GB before Monday?"

    assert explained(text) == (
        "?why",
        "can",
        "!not",
        "Nanna",
        "open",
        "=report_v2.csv",
        "with",
        "#3",
        "#gb",
        "before",
        "@monday",
    )


@pytest.mark.parametrize("sign", ["😀", "ि", "∀", "→"])
def test_a_sign_that_is_no_word_counts(sign: str) -> None:
    assert not alike("I feel well", f"I feel well {sign}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is the plan?", "Where is the plane?"),
        ("Where is the train?", "Where is the training?"),
        ("Where is the build?", "Where is the building?"),
        ("What is the news?", "What is the new?"),
        ("How is the station?", "What is the way to the station?"),
        ("Is there mail for me?", "Is there mail?"),
        ("Describe the open tickets.", "List the open tickets."),
        ("Report to the manager.", "Report the manager."),
        ("Is this better than that?", "Is that better than this?"),
        ("What is my budget?", "What is our budget?"),
        ("What is .NET?", "What is NET?"),
        ("Don't tell me the answer.", "Tell me the answer."),
        ("Would you not tell me the price?", "Would you tell me the price?"),
        ("No, cancel the order.", "Cancel the order."),
        ("Who hired Bob?", "Who did Bob hire?"),
        ("Has Anna paid?", "Has Anna been paid?"),
    ],
)
def test_what_only_looks_the_same_is_apart(one: str, other: str) -> None:
    assert not alike(one, other)
