"""Files of one folder, and of no other."""

import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto import Fatal, Rejected, Tool
from tenuto.tools import files, files_list, files_read, files_search, files_write
from tenuto.tools import folders as limits
from tenuto.tools.jail import Jail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "inside"
    (inside / "notes").mkdir(parents=True)
    (inside / "a.md").write_text("one\nTwo\nthree\n")
    (inside / "notes" / "b.md").write_text("two boats")
    (tmp_path / "secret.txt").write_text("two secrets")
    (inside / "link.md").symlink_to(tmp_path / "secret.txt")
    (inside / "door").symlink_to(tmp_path)
    (inside / "here.md").symlink_to("a.md")
    return inside


def run(tool: Tool, **arguments: Any) -> Any:
    return tool(**tool.bind(arguments))


def refused(tool: Tool, **arguments: Any) -> str:
    with pytest.raises(Fatal) as caught:
        run(tool, **arguments)
    return str(caught.value)


def test_a_file_is_read_whole_or_by_lines(folder: Path) -> None:
    read = files_read(folder)

    assert run(read, path="a.md") == {
        "path": "a.md",
        "text": "one\nTwo\nthree\n",
        "first_line": 1,
        "last_line": 3,
    }
    assert run(read, path="./notes//b.md")["text"] == "two boats"
    part = run(read, path="a.md", first_line=2, lines=1)
    assert (part["text"], part["last_line"], part["truncated"]) == ("Two\n", 2, True)
    assert run(read, path="a.md", first_line=9)["text"] == ""


def test_a_large_file_is_read_in_parts(folder: Path) -> None:
    (folder / "long.txt").write_text("x" * 999 + "\n" + "0123456789\n" * 100_000)
    (folder / "wide.txt").write_text("é" * limits.READ_BYTES_MAX)

    part = run(files_read(folder), path="long.txt", lines=1_000_000)
    wide = run(files_read(folder), path="wide.txt")

    assert part["truncated"]
    assert len(part["text"]) <= limits.READ_BYTES_MAX
    assert part["text"].endswith("0123456789\n")
    assert (len(wide["text"]), wide["truncated"]) == (limits.READ_BYTES_MAX // 2, True)
    rest = run(files_read(folder), path="long.txt", first_line=part["last_line"] + 1, lines=1)
    assert rest["text"] == "0123456789\n"


def test_what_is_no_text_is_not_read(folder: Path) -> None:
    (folder / "image").write_bytes(b"\x89PNG\0")
    (folder / "latin").write_bytes(b"gr\xfczi")

    assert "is no text" in refused(files_read(folder), path="image")
    assert "is no text" in refused(files_read(folder), path="latin")
    assert "is no file" in refused(files_read(folder), path="notes")


def test_a_pipe_holds_nobody_up(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert "is no file" in refused(files_read(folder), path="pipe")
    assert run(files_search(folder), text="two")["hits"]


MISTAKE: Any = {"nmae": "x"}
OUTSIDE = [
    "../secret.txt",
    "notes/../../secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "link.md",
    "here.md",
    "door/secret.txt",
    "door/inside/a.md",
    "notes/../a.md",
    "..",
    "",
    ".",
    "a\0b",
    "..\\secret.txt",
    "a.md/x",
    "nothing.md",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out(folder: Path, path: str) -> None:
    said = refused(files_read(folder), path=path)

    assert "secrets" not in said
    assert str(folder) not in said


@pytest.mark.parametrize(
    "path", ["../new.txt", "/tmp/tenuto-new", "door/new.txt", "a.md/x", "", "notes/..", "link.md/x"]
)
def test_nothing_is_written_outside(folder: Path, path: str) -> None:
    before = sorted(folder.parent.iterdir())

    refused(files_write(folder), path=path, text="new")

    assert sorted(folder.parent.iterdir()) == before
    assert not Path("/tmp/tenuto-new").exists()


def test_a_link_that_is_written_to_is_replaced_and_its_target_left_alone(folder: Path) -> None:
    run(files_write(folder), path="link.md", text="mine")

    assert (folder / "link.md").read_text() == "mine"
    assert not (folder / "link.md").is_symlink()
    assert (folder.parent / "secret.txt").read_text() == "two secrets"


def test_a_file_is_written_with_its_folders_and_nothing_else_is_left(folder: Path) -> None:
    told = run(files_write(folder), path="new/deep/c.md", text="grüezi")

    assert told == {"path": "new/deep/c.md", "bytes": 7}
    assert (folder / "new" / "deep" / "c.md").read_text() == "grüezi"
    assert [place.name for place in (folder / "new" / "deep").iterdir()] == ["c.md"]


def test_a_folder_is_not_overwritten_and_no_draft_stays(folder: Path) -> None:
    refused(files_write(folder), path="notes", text="x")

    assert sorted(place.name for place in folder.iterdir()) == [
        *("a.md", "door", "here.md", "link.md", "notes")
    ]


def test_a_text_that_is_too_large_is_not_written(folder: Path) -> None:
    text = "x" * (limits.WRITE_BYTES_MAX + 1)

    assert "at most 1048576 are allowed" in refused(files_write(folder), path="big", text=text)
    assert not (folder / "big").exists()


def test_the_folder_is_listed_with_its_links_told_as_links(folder: Path) -> None:
    entries = run(files_list(folder))["entries"]

    assert [(entry["path"], entry["kind"]) for entry in entries] == [
        ("a.md", "file"),
        ("door", "link"),
        ("here.md", "link"),
        ("link.md", "link"),
        ("notes", "folder"),
    ]


def test_what_lies_deeper_is_listed_on_request_and_links_are_not_followed(folder: Path) -> None:
    entries = run(files_list(folder), deep=True, pattern="*.md")["entries"]

    assert [entry["path"] for entry in entries] == ["a.md", "here.md", "link.md", "notes/b.md"]
    assert run(files_list(folder), path="notes")["entries"][0]["path"] == "notes/b.md"
    assert "leads out" in refused(files_list(folder), path="..")
    refused(files_list(folder), path="door")


def test_a_long_list_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ENTRIES_MAX", 2)

    told = run(files_list(folder))

    assert (len(told["entries"]), told["truncated"]) == (2, True)


def test_lines_are_found_with_their_places(folder: Path) -> None:
    hits = run(files_search(folder), text="TWO")["hits"]

    assert hits == [
        {"path": "a.md", "line": 2, "text": "Two"},
        {"path": "notes/b.md", "line": 1, "text": "two boats"},
    ]
    assert run(files_search(folder), text="two", path="notes")["hits"] == hits[1:]
    assert run(files_search(folder), text="two", pattern="*.txt")["hits"] == []
    assert "nothing to look for" in refused(files_search(folder), text=" ")


def test_a_search_comes_to_an_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "many.txt").write_text("two\n" * 1_000)

    told = run(files_search(folder), text="two")
    assert (len(told["hits"]), told["truncated"]) == (limits.HITS_MAX, True)
    monkeypatch.setattr(limits, "FILES_SEARCHED_MAX", 1)
    assert run(files_search(folder), text="boats") == {"hits": [], "truncated": True}


def test_a_text_with_signs_is_looked_for_as_it_stands(folder: Path) -> None:
    (folder / "c.txt").write_text("a.*b\nacb\n")

    assert [hit["line"] for hit in run(files_search(folder), text="a.*b")["hits"]] == [1]


def test_swapping_a_folder_for_a_link_at_the_wrong_moment_leads_nowhere(folder: Path) -> None:
    """An attacker who can write in the folder swaps a folder and a link as fast as possible."""
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "b.md").write_text("OUTSIDE")
    jail, done = Jail(folder), threading.Event()

    def swap() -> None:
        door = folder / "swapped"
        while not done.is_set():
            door.symlink_to(folder.parent / "outside")
            door.unlink()
            (folder / "notes").rename(door)
            door.rename(folder / "notes")

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        seen = [found for _ in range(3_000) if (found := _read(jail, "swapped/b.md")) is not None]
    finally:
        done.set()
        attacker.join()

    assert b"OUTSIDE" not in seen
    assert set(seen) <= {b"two boats"}


def _read(jail: Jail, path: str) -> bytes | None:
    try:
        return jail.read(path, 99)[0]
    except Fatal:
        return None


@given(st.text(alphabet="./\\ab\0", max_size=12))
def test_whatever_a_path_says_it_stays_inside(path: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        inside = Path(place, "inside")
        inside.mkdir()
        with suppress(Fatal):
            run(files_write(inside), path=path, text="x")
        assert os.listdir(place) == ["inside"]


def test_reading_is_safe_and_writing_takes_another_permission(folder: Path) -> None:
    reading = files(folder)
    writing = files(folder, write=True, name="drafts")

    assert [tool.spec.name for tool in reading] == ["files_read", "files_list", "files_search"]
    assert {tool.permission for tool in reading} == {"files:read"}
    assert all(tool.safe and tool.labels == ("untrusted",) for tool in reading)
    assert writing[-1].spec.name == "drafts_write"
    assert (writing[-1].permission, writing[-1].safe) == ("files:write", False)


def test_a_folder_that_is_not_there_is_told_when_it_is_used(tmp_path: Path) -> None:
    assert "folder of this tool" in refused(files_list(tmp_path / "later"))


@pytest.mark.parametrize("make", [lambda: files(""), lambda: files_read(".", **MISTAKE)])
def test_a_tool_that_cannot_be_made_says_why(make: Callable[[], object]) -> None:
    with pytest.raises(Rejected):
        make()
