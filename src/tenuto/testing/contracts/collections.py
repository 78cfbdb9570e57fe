"""What every collection must do, in the words of `tenuto.ports.collections`."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tenuto.ports.collections import (
    SEARCH_PASSAGES_MAX,
    Collection,
    DocumentsMissing,
    PassageMissing,
)

PAGE = "# Boats\n\nBoats float.\n\n## Oars\n\nAn oar of ash\nlasts longest.\n"


class CollectionContract(ABC):
    """The whole suite. Subclass it and say how to open a collection over a folder."""

    @abstractmethod
    def open_collection(self, documents: Path, scratch: Path) -> Collection:
        """Return a collection over `documents`; what it keeps goes into the folder `scratch`."""

    @contextmanager
    def over(self, **files: str) -> Iterator[tuple[Collection, Path]]:
        """Open a collection over a new folder of `.md` files by name."""
        with tempfile.TemporaryDirectory() as place:
            folder, scratch = Path(place, "documents"), Path(place, "scratch")
            folder.mkdir()
            scratch.mkdir()
            for name, text in files.items():
                (folder / f"{name}.md").write_text(text, encoding="utf-8")
            collection = self.open_collection(folder, scratch)
            try:
                yield collection, folder
            finally:
                collection.close()

    def test_a_passage_is_found_with_its_file_lines_and_headings(self) -> None:
        with self.over(a=PAGE, b="Something else.") as (collection, _):
            best = collection.search("ash oars").passages[0]

        assert (best.file, best.first_line, best.last_line) == ("a.md", 7, 8)
        assert best.heading == ("Boats", "Oars")
        assert best.text == "An oar of ash\nlasts longest."

    def test_words_are_found_in_other_forms_and_cases(self) -> None:
        with self.over(a="The painter was painting houses.") as (collection, _):
            for query in ("paint house", "PAINTED", "houses"):
                assert collection.search(query).passages, query

    def test_a_passage_with_all_words_beats_one_with_a_rare_word_often(self) -> None:
        others = {f"x{n}": f"Nothing of note about winter number {n}." for n in range(20)}
        often, all_words = "Zephyr " * 6, "In winter the zephyr turns the mill slowly."
        with self.over(a=often, b=all_words, **others) as (collection, _):
            found = collection.search("does the zephyr turn the mill in winter").passages

        assert found[0].file == "b.md"

    def test_scores_fall_and_equal_ones_come_by_file_and_line(self) -> None:
        with self.over(b="# X\nsalt water", a="# X\nsalt water", c="salt") as (collection, _):
            found = collection.search("salt water").passages

        scores = [passage.score for passage in found]
        assert scores == sorted(scores, reverse=True)
        assert [passage.file for passage in found] == ["a.md", "b.md", "c.md"]

    def test_words_that_no_document_holds_are_named(self) -> None:
        with self.over(a="Nothing but sheep.") as (collection, _):
            assert collection.search("which sheep and unicorns").unmatched == ("unicorns",)

    def test_any_text_is_a_query(self) -> None:
        with self.over(a="To be or not to be.") as (collection, _):
            assert collection.search("to be or not to be").passages
            for query in (
                "",
                "   ",
                '"',
                '"" *:^ ()',
                "a:b",
                "NEAR(a b)",
                "'; DROP",
                "\0",
                "é" * 999,
            ):
                collection.search(query)

    def test_the_number_of_passages_is_bounded(self) -> None:
        files = {f"f{n}": "# H\nsalt" for n in range(SEARCH_PASSAGES_MAX + 9)}
        with self.over(**files) as (collection, _):
            assert len(collection.search("salt", limit=10_000).passages) == SEARCH_PASSAGES_MAX
            assert len(collection.search("salt", limit=0).passages) == 1

    def test_lines_are_read_back_up_to_the_end_of_the_file(self) -> None:
        with self.over(a=PAGE) as (collection, _):
            passage = collection.read("a.md", first_line=7, last_line=99)

        assert passage.text == "An oar of ash\nlasts longest.\n"
        assert passage.heading == ("Boats", "Oars")

    def test_reading_what_is_not_there_says_so(self) -> None:
        with self.over(a="one") as (collection, _):
            for file, line in (("b.md", 1), ("a.md", 5), ("../a.md", 1)):
                read = partial(collection.read, file, first_line=line, last_line=line)
                assert fails(PassageMissing, read), (file, line)

    def test_only_changed_files_count_as_changed(self) -> None:
        with self.over(a="one", b="two", c="three") as (collection, folder):
            collection.refresh()
            (folder / "b.md").write_text("other", encoding="utf-8")
            (folder / "c.md").unlink()
            (folder / "d.md").write_text("four", encoding="utf-8")

            done = collection.refresh()

            assert (done.files, done.passages) == (3, 3)
            assert (done.added, done.changed, done.unchanged, done.removed) == (1, 1, 1, 1)
            assert not collection.search("two three").passages
            assert [file.file for file in collection.files()] == ["a.md", "b.md", "d.md"]

    def test_a_file_that_cannot_be_read_is_reported_and_the_rest_is_there(self) -> None:
        with self.over(a="salt") as (collection, folder):
            (folder / "b.md").write_bytes(b"salt\0")

            assert [problem.file for problem in collection.refresh().problems] == ["b.md"]
            assert [passage.file for passage in collection.search("salt").passages] == ["a.md"]

    def test_missing_documents_are_said_to_be_missing(self) -> None:
        with self.over(a="salt") as (_, folder):
            collection = self.open_collection(folder / "nowhere", folder.parent / "scratch")
            try:
                assert fails(DocumentsMissing, collection.refresh)
            finally:
                collection.close()

    def test_closing_twice_is_allowed(self) -> None:
        with self.over(a="salt") as (collection, _):
            collection.close()
            collection.close()


def fails(error: type[Exception], call: Callable[[], object]) -> bool:
    """Return whether `call` raises `error`."""
    try:
        call()
    except error:
        return True
    return False
