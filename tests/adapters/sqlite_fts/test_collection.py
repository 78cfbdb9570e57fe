"""The collection over a real folder: what is found, what is reported, what stays the same."""

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.adapters.sqlite_fts import SqliteCollection
from tenuto.adapters.sqlite_fts.documents import FILE_BYTES_MAX
from tenuto.adapters.sqlite_fts.query import build_query
from tenuto.ports.collections import (
    QUERY_TERMS_MAX,
    CollectionUnavailable,
    DocumentsMissing,
    NotACollection,
)


@contextmanager
def indexed(folder: Path, index: Path | None = None) -> Iterator[SqliteCollection]:
    with closing(SqliteCollection(index or folder.parent / "the.index", folder)) as collection:
        yield collection


def folder_with(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


def test_a_word_in_a_heading_or_file_name_weighs_more(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        a="# Anchors\n\nThey hold.",
        b="# Boats\n\nAnchors hold.",
        anchors="# Knots\n\nHold.",
    )

    with indexed(folder) as collection:
        files = [passage.file for passage in collection.search("anchors").passages]

    assert files.index("a.md") < files.index("b.md")
    assert "anchors.md" in files


def test_words_side_by_side_weigh_more_than_words_apart(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        a="The lock of the canal has a gate of green wood.",
        b="The canal lock has a gate.",
    )

    with indexed(folder) as collection:
        assert collection.search("canal lock").passages[0].file == "b.md"


@given(st.text(max_size=60))
def test_no_text_becomes_syntax_of_the_query_language(text: str) -> None:
    query = build_query(text)

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(heading, text)")
        if query.match:
            connection.execute("SELECT * FROM t WHERE t MATCH ?", (query.match,)).fetchall()
    assert len(query.terms) <= QUERY_TERMS_MAX


@settings(max_examples=15)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"), st.sampled_from(["salt sea", "sea wind", "wind salt salt"])
        ),
        min_size=1,
        max_size=4,
    )
)
def test_an_index_kept_up_to_date_finds_what_a_new_one_finds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, str]]
) -> None:
    tmp_path = tmp_path_factory.mktemp("steps")
    folder = folder_with(tmp_path)
    with indexed(folder) as kept:
        for files in steps:
            for old in folder.iterdir():
                old.unlink()
            folder_with(tmp_path, **files)
            kept.refresh()
        with indexed(folder, tmp_path / "new.index") as new:
            for query in ("salt", "sea wind", "salt wind sea"):
                assert kept.search(query) == new.search(query)


def test_files_that_cannot_be_read_are_reported_and_the_rest_is_indexed(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, good="Readable.", empty="")
    (folder / "binary.md").write_bytes(b"a\0b")
    (folder / "latin.txt").write_bytes("Möwe am Süßwasser".encode("latin-1"))
    (folder / "marked.txt").write_bytes("Wide text".encode("utf-16"))
    (folder / "bom.txt").write_bytes("Marked text".encode("utf-8-sig"))
    (folder / "broken.md").symlink_to(folder / "nowhere.md")
    with (folder / "huge.md").open("wb") as huge:
        huge.truncate(FILE_BYTES_MAX + 1)

    with indexed(folder) as collection:
        report = collection.refresh()
        assert {(problem.file, problem.code) for problem in report.problems} == {
            ("binary.md", "binary"),
            ("broken.md", "unreadable"),
            ("empty.md", "empty"),
            ("huge.md", "too_large"),
            ("latin.txt", "encoding"),
        }
        assert collection.search("Süßwasser").passages[0].file == "latin.txt"
        assert collection.search("wide").passages[0].file == "marked.txt"
        assert collection.read("bom.txt", first_line=1, last_line=1).text == "Marked text"
        assert collection.refresh().problems == report.problems


def test_what_is_no_regular_file_is_reported_and_never_opened(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="x")
    os.mkfifo(folder / "pipe.md")

    with indexed(folder) as collection:
        assert [problem.file for problem in collection.refresh().problems] == ["pipe.md"]


def test_a_loop_of_links_ends_and_each_file_is_indexed_once(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="x")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self.md").symlink_to(folder / "self.md")
    (folder / "again.md").symlink_to(folder / "a.md")

    with indexed(folder) as collection:
        collection.refresh()
        assert [file.file for file in collection.files()] == ["a.md"]
        assert [problem.file for problem in collection.refresh().problems] == ["self.md"]


def test_hidden_and_foreign_files_are_left_alone(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="x")
    (folder / ".git").mkdir()
    (folder / ".git" / "b.md").write_text("x", encoding="utf-8")
    (folder / "data.csv").write_text("x", encoding="utf-8")

    with indexed(folder) as collection:
        report = collection.refresh()

    assert (report.files, report.problems) == (1, ())


def test_one_file_is_a_collection_too(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="salt", b="salt")

    with indexed(folder / "a.md") as collection:
        assert [passage.file for passage in collection.search("salt").passages] == ["a.md"]


def test_missing_documents_are_said_to_be_missing(tmp_path: Path) -> None:
    with indexed(tmp_path / "nowhere") as collection:
        with pytest.raises(DocumentsMissing, match=r"nowhere.*there is none"):
            collection.refresh()
        with pytest.raises(DocumentsMissing):
            collection.search("x")


def test_a_file_of_another_kind_is_refused_with_the_kinds_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"PNG")

    with indexed(tmp_path / "a.png") as collection, pytest.raises(DocumentsMissing, match=r"\.rst"):
        collection.refresh()


def test_a_missing_index_is_made_by_the_first_search(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="salt")
    with indexed(folder) as collection:
        collection.refresh()
    (tmp_path / "the.index").unlink()

    with indexed(folder) as collection:
        assert collection.search("salt").passages


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="salt")
    with indexed(folder) as collection:
        collection.refresh()
    index = tmp_path / "the.index"
    payload = bytearray(index.read_bytes())
    payload[100:3000] = b"\xff" * 2900
    index.write_bytes(payload)

    with indexed(folder) as collection:
        assert collection.search("salt").passages


def test_a_file_that_is_no_index_is_left_as_it_is(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="salt")
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE kept (x)")
        other.commit()

    for foreign in (letter, tmp_path / "other.db"):
        before = foreign.read_bytes()
        with pytest.raises(NotACollection, match="was left as it is"):
            SqliteCollection(foreign, folder)
        assert foreign.read_bytes() == before


def test_an_index_that_cannot_be_made_says_where_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(CollectionUnavailable, match="permissions and free space"):
        SqliteCollection(tmp_path / "file" / "the.index", tmp_path)


def test_another_reader_sees_a_refresh(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="salt")
    with indexed(folder) as writer, indexed(folder) as reader:
        writer.refresh()
        assert not reader.search("pepper").passages
        folder_with(tmp_path, b="pepper")
        writer.refresh()
        assert reader.search("pepper").passages


def test_several_may_make_the_same_index_at_once(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{f"f{n}": f"# Head\n\nsalt number {n}" for n in range(30)})

    def found(_: int) -> int:
        with indexed(folder) as collection:
            collection.refresh()
            return len(collection.search("salt", limit=50).passages)

    with ThreadPoolExecutor(max_workers=6) as pool:
        assert list(pool.map(found, range(12))) == [30] * 12
