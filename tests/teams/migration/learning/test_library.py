"""The pattern library: what many share becomes known, what one did does not."""

import random
from pathlib import Path

import pytest

from tenuto.teams.migration.learning.library import BudgetSpent, Library
from tenuto.teams.migration.learning.patterns import PATTERNS_MAX, Pattern
from tenuto.teams.migration.learning.releasing import floor, noisy

SHARED = Pattern(sort="meaning", of="email", was="email")
RARE = Pattern(sort="meaning", of="zzyzx", was="email")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "patterns.db", budget=3.0)


def contribute(library: Library, count: int, *patterns: Pattern) -> None:
    for number in range(count):
        library.contribute(f"tenant {number % 7}", f"migration {number}", patterns)


def test_what_many_migrations_share_becomes_known_and_what_one_did_does_not(
    library: Library,
) -> None:
    contribute(library, 2 * floor(), SHARED)
    library.contribute("tenant 0", "the odd one", [RARE])

    release = library.release()

    assert set(release.counts) == {SHARED.text}
    assert library.known() == release.counts
    assert abs(release.counts[SHARED.text] - 2 * floor()) < 100


def test_the_floor_is_told_and_grows_with_what_each_contributes() -> None:
    assert [floor(patterns_max=most) for most in (1, 4, 16)] == [15, 60, 256]


def test_contributing_again_changes_nothing(library: Library) -> None:
    for _ in range(3):
        contribute(library, floor() // 2, SHARED)

    assert library.release().counts == {}


def test_a_release_is_charged_to_each_tenant_and_refused_when_the_budget_is_spent(
    library: Library,
) -> None:
    contribute(library, 2 * floor(), SHARED)

    for left in (2.0, 1.0, 0.0):
        library.release(epsilon=1.0)
        assert library.left("tenant 3") == left

    with pytest.raises(BudgetSpent, match="budget of all 7 tenants is spent"):
        library.release(epsilon=1.0)
    assert library.left("a tenant who gave nothing") == 3.0


def test_a_tenant_whose_budget_is_spent_is_left_out_and_the_others_are_counted(
    library: Library,
) -> None:
    library.contribute("early", "first", [SHARED])
    for _ in range(3):
        library.release(epsilon=1.0)
    contribute(library, 2 * floor(), SHARED)

    release = library.release(epsilon=1.0)

    assert release.left_out == 1
    assert set(release.counts) == {SHARED.text}


def test_who_attacks_cannot_tell_whether_a_migration_took_part() -> None:
    """The best guess from a release is right at most e^ε / (1 + e^ε) of the time, and δ more.

    Source: Wasserman and Zhou, A Statistical Framework for Differential Privacy, 2010.
    """
    trials, around = 1500, 2 * floor()
    chance = random.Random(5)
    others = {f"pattern {number}": around for number in range(PATTERNS_MAX)}
    right = 0
    for _ in range(trials):
        took_part = chance.random() < 0.5
        counts = {name: count + took_part for name, count in others.items()}
        # The attacker knows everybody else's contributions, and compares the sum with them.
        released = noisy(counts, epsilon=1.0)
        guess = sum(released.values()) > sum(others.values()) + PATTERNS_MAX / 2
        right += guess == took_part

    bound = 2.718281828 / (1 + 2.718281828)
    assert right / trials <= bound + 3 * (0.25 / trials) ** 0.5


def test_who_attacks_with_a_pattern_that_only_one_migration_has_sees_nothing() -> None:
    assert all(noisy({RARE.text: 1}) == {} for _ in range(500))
