"""What is put into the safe opens with its key, for its purpose, and unchanged; or not at all."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.sealing import AesGcmSafe, KeyFile
from tenuto.core.errors import PortError, Rejected
from tenuto.ports.safe import CannotOpen

ONE, TWO = "1" * 32, "2" * 32


def safe(*keys: str) -> AesGcmSafe:
    return AesGcmSafe(lambda: keys)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_was_sealed_opens_for_its_purpose(content: bytes, purpose: str) -> None:
    box = safe(ONE)
    sealed = box.seal(purpose, content)

    assert box.open(purpose, sealed) == content
    assert box.seal(purpose, content) != sealed
    with pytest.raises(CannotOpen):
        box.open(purpose + "x", sealed)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_what_was_changed_does_not_open(content: bytes, data: st.DataObject) -> None:
    box = safe(ONE)
    sealed = bytearray(box.seal("p", content))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(CannotOpen):
        box.open("p", bytes(sealed))
    with pytest.raises(CannotOpen):
        box.open("p", bytes(sealed[:place]))


def test_an_earlier_key_still_opens_what_it_sealed_and_the_first_seals() -> None:
    old = safe(ONE).seal("p", b"x")
    both = safe(TWO, ONE)

    assert both.open("p", old) == b"x"
    assert not both.is_current(old)
    assert both.is_current(both.seal("p", b"x"))
    with pytest.raises(CannotOpen, match="earlier key"):
        safe(TWO).open("p", old)


def test_a_key_that_was_added_meanwhile_is_found() -> None:
    keys = [ONE]
    reader = AesGcmSafe(lambda: keys)
    reader.seal("p", b"")
    keys.insert(0, TWO)

    assert reader.open("p", safe(TWO).seal("p", b"new")) == b"new"


def test_an_added_key_seals_at_once_and_a_dropped_one_opens_what_was_known() -> None:
    keys = [ONE]
    box = AesGcmSafe(lambda: keys)
    old = box.seal("p", b"old")
    keys[:] = [TWO]

    assert not box.is_current(old)
    assert safe(TWO).open("p", box.seal("p", b"new")) == b"new"
    assert box.open("p", old) == b"old"


@pytest.mark.parametrize("keys", [(), ("short",)])
def test_without_a_key_or_with_one_that_can_be_guessed_nothing_is_sealed(
    keys: tuple[str, ...],
) -> None:
    with pytest.raises(Rejected):
        safe(*keys).seal("p", b"x")


def test_a_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = KeyFile(str(tmp_path / "k"))

    first = file.keys()

    assert (len(first), file.keys()) == (1, first)
    assert os.stat(file.path).st_mode & 0o777 == 0o600
    added = file.add()
    assert file.keys() == [added, *first]
    assert file.keep_first() == 1
    assert file.keys() == [added]
    assert os.listdir(tmp_path) == ["k"]


def test_a_change_of_the_file_is_seen_by_who_read_it_before(tmp_path: Path) -> None:
    reader, writer = KeyFile(str(tmp_path / "k")), KeyFile(str(tmp_path / "k"))
    reader.keys()

    added = writer.add()

    assert reader.keys()[0] == added


def test_only_one_process_changes_the_keys_at_a_time(tmp_path: Path) -> None:
    one, other = KeyFile(str(tmp_path / "k")), KeyFile(str(tmp_path / "k"))

    with one.alone(), pytest.raises(PortError, match="Another process"), other.alone():
        pass
    with other.alone():
        pass


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    files = [KeyFile(str(tmp_path / "keys")) for _ in range(16)]

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda file: tuple(file.keys()), files))

    assert len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = KeyFile(str(tmp_path / "k"))
    file.keys()
    file.path.chmod(0o640)

    with pytest.raises(PortError, match="chmod 600"):
        file.keys()
