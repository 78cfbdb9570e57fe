"""Which texts say the same, which deny each other, and which only look so."""

import pytest

from tenuto.core.memory.comparing import denies, marks_of, says_the_same

SAME = [
    ("The user likes tea!", "the user LIKES tea"),
    ("Ann dislikes tea.", "Ann doesn't like tea."),
    ("The nightly job takes forty minutes.", "The nightly jobs take forty minutes."),
]
DENIED = [
    ("Ann does not like tea.", "Ann likes tea."),
    ("The user no longer eats meat.", "The user eats meat."),
    ("Deploys are forbidden on Fridays.", "Deploys are allowed on Fridays."),
    ("The fee is 60 euros.", "The fee is 50 euros."),
    ("The server listens on port 8444.", "The server listens on port 8443."),
    ("Ann lives in Bonn.", "Ann lives in Rome."),
    ("The deadline is Friday.", "The deadline is Monday."),
    ("Bob's manager is Carla Mendes.", "Bob's manager is Ines Gomez."),
    ("The user prefers answers in English.", "The user prefers answers in German."),
]
DIFFERENT = [
    ("Ann likes tea.", "Ann likes coffee."),
    ("Order 4712 was late.", "Order 4711 was late."),
    ("Room 12 is closed.", "Room 13 is closed."),
    ("Ann lives in Bonn.", "Bob lives in Rome."),
    ("Ann is tall.", "Ann is a nurse."),
    ("Ann lives in Bonn, Germany.", "Ann lives in Bonn."),
    ("Ann lives in Bonn.", "Ann lives in Bonn, Germany."),
    ("The user likes green tea.", "The user likes tea."),
    ("In 2024 sales fell by 12 percent.", "In 2023 sales fell by 10 percent."),
    ("Peter has no dog.", "Paul has a dog."),
]


def verdict(newer: str, older: str, *, cosine: float = 0.0) -> str:
    one, other = marks_of(newer), marks_of(older)
    if says_the_same(one, other, cosine=cosine):
        return "same"
    return "denied" if denies(one, other) else "different"


@pytest.mark.parametrize(("newer", "older"), SAME)
def test_these_say_the_same(newer: str, older: str) -> None:
    assert verdict(newer, older) == verdict(older, newer) == "same"


@pytest.mark.parametrize(("newer", "older"), DENIED)
def test_these_cannot_both_be_true(newer: str, older: str) -> None:
    assert verdict(newer, older) == verdict(older, newer) == "denied"


@pytest.mark.parametrize(("newer", "older"), DIFFERENT)
def test_these_are_both_kept(newer: str, older: str) -> None:
    assert verdict(newer, older) == verdict(older, newer) == "different"


def test_a_likeness_of_vectors_never_outweighs_a_negation_a_number_or_a_name() -> None:
    for newer, older in (*DENIED, *DIFFERENT[1:4]):
        assert verdict(newer, older, cosine=0.99) != "same"


def test_near_vectors_make_up_for_some_different_words() -> None:
    pair = ("The nightly job takes quite long.", "The nightly job takes rather long.")

    assert verdict(*pair) == "different"
    assert verdict(*pair, cosine=0.97) == "same"
