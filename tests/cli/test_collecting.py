"""Processes that work for long look for garbage rarely, and only while they work."""

import gc

from tenuto.cli.collecting import THRESHOLDS, collecting_rarely


def test_what_was_there_before_is_left_out_and_collections_come_more_rarely() -> None:
    # when
    with collecting_rarely():
        # then
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == THRESHOLDS


def test_afterwards_all_is_as_before() -> None:
    # given
    before = gc.get_threshold()
    # when
    with collecting_rarely():
        pass
    # then
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_garbage_that_refers_to_itself_is_still_found() -> None:
    # given
    found: list[str] = []

    class Loop:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            found.append("found")

    # when
    with collecting_rarely():
        for _ in range(THRESHOLDS[0] + 1):
            Loop()
    # then
    assert found
