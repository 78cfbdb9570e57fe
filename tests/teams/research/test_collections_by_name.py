"""Tools open collections by names that were handed out, and by nothing else."""

from contextlib import closing
from pathlib import Path

import pytest

import tenuto


def folder_with(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir(exist_ok=True)
    (folder / "a.md").write_text(text, encoding="utf-8")
    return folder


def test_a_collection_is_opened_by_the_name_that_adding_gave(tmp_path: Path) -> None:
    name = tenuto.add_collection(folder_with(tmp_path, "Salt is wet."))

    with closing(tenuto.open_collection(name)) as collection:
        assert collection.search("salt").passages[0].text == "Salt is wet."


def test_a_place_has_one_name_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(tmp_path, "x")
    monkeypatch.chdir(tmp_path)

    assert tenuto.add_collection("documents") == tenuto.add_collection(str(folder / "."))


@pytest.mark.parametrize("name", ["", "no such", "0" * 16, "../../etc/passwd", "/etc", "a" * 15])
def test_what_was_not_added_cannot_be_opened(name: str) -> None:
    with pytest.raises(tenuto.Fatal, match="There is no collection"):
        tenuto.open_collection(name)


def test_an_index_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    name = tenuto.add_collection(folder_with(tmp_path, "Salt is wet."))
    with closing(tenuto.open_collection(name)) as collection:
        collection.refresh()
    for file in (tmp_path / "collections").glob("*.index*"):
        file.unlink()

    with closing(tenuto.open_collection(name)) as collection:
        assert collection.search("salt").passages


def test_a_folder_that_cannot_be_written_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(tmp_path / "file"))

    with pytest.raises(tenuto.PortError, match="Set TENUTO_COLLECTIONS"):
        tenuto.add_collection(tmp_path)
