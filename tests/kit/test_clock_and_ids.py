"""A clock and ids that tests decide about."""

from tenuto.testing import FakeClock, FakeIds


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(1_000)
    assert (clock.now_ms(), clock.now_ms()) == (1_000, 1_000)

    clock.advance(500)
    clock.advance(-200)

    assert clock.now_ms() == 1_300


def test_ids_count_and_later_ones_sort_later() -> None:
    ids = FakeIds()

    made = [ids.session_id(0) for _ in range(12)]

    assert made[0] == "ses_000001"
    assert made == sorted(made)
    assert len(set(made)) == 12


def test_equal_seeds_give_equal_chances() -> None:
    assert [FakeIds(3).jitter() for _ in range(3)] == [FakeIds(3).jitter()] * 3
    one, other = FakeIds(3), FakeIds(4)
    assert [one.jitter() for _ in range(3)] != [other.jitter() for _ in range(3)]
    assert all(0 <= one.jitter() < 1 for _ in range(50))
