"""Tools open collections by names that were handed out, and by nothing else."""

from contextlib import closing
from pathlib import Path

import pytest

import tenuto
from tenuto.bootstrap.collections import narrow_collection


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


def test_a_part_of_a_collection_holds_only_its_files(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "Salt is wet.")
    (folder / "b.md").write_text("Salt is dry. Zircon.", encoding="utf-8")
    whole = tenuto.add_collection(folder)

    name = narrow_collection(whole, ["a.md"])

    assert name == narrow_collection(whole, ["a.md", "a.md"]) != whole
    assert tenuto.add_collection(name) == name
    with closing(tenuto.open_collection(name)) as part:
        hits = part.search("salt zircon")
        assert [passage.file for passage in hits.passages] == ["a.md"]
        assert hits.unmatched == ("zircon",)
        assert [file.file for file in part.files()] == ["a.md"]
        report = part.refresh()
        assert (report.files, report.passages) == (1, 1)
        with pytest.raises(tenuto.Fatal, match=r"No file 'b\.md'"):
            part.read("b.md", first_line=1, last_line=1)
    narrower = narrow_collection(name, ["a.md", "b.md"])
    assert narrower == name


def test_sessions_name_only_folders_that_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(tmp_path, "Salt is wet.")
    name = tenuto.add_collection(folder)
    monkeypatch.delenv("TENUTO_FOLDERS", raising=False)
    tenuto.check_folder("/etc")

    monkeypatch.setenv("TENUTO_FOLDERS", str(folder))
    tenuto.check_folder(folder / "a.md")
    tenuto.check_folder(name)
    for path in ["/etc", folder.parent, f"{folder}/../x", f"{folder}2"]:
        with pytest.raises(tenuto.Fatal, match="no folder that sessions"):
            tenuto.check_folder(path)
    monkeypatch.setenv("TENUTO_FOLDERS", "")
    with pytest.raises(tenuto.Fatal, match="--allow-folder"):
        tenuto.check_folder(folder)
