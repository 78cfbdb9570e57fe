"""What was uploaded moves with its database, and is found under the names that it had."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tenuto
from tenuto.bootstrap import moving_documents
from tenuto.bootstrap.moving import move_store
from tenuto.core.errors import Fatal, Rejected
from tenuto.ports.collections import CollectionUnavailable
from tests.postgres import fresh_database, needs_postgres
from tests.server.api.served import serving
from tests.server.api.test_collections import TIDES, made

OTHER = b"# Salt\n\nSalt is what the sea leaves.\n"


class Uploaded:
    """What a server was given: ids of a collection, an empty one and a document, and the names by
    which tools find all documents, and one of them."""

    collection: str
    empty: str
    document: str
    whole: str
    part: str


@pytest.fixture(autouse=True)
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(tmp_path / "names"))
    return tmp_path / "names"


@pytest.fixture
def database() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def file(folder: Path, name: str) -> str:
    return f"sqlite:///{folder}/{name}.db"


async def upload(url: str) -> Uploaded:
    """Give a new server a collection of two documents, and one of none."""
    async with serving(db=url) as served:
        up = Uploaded()
        up.collection = await made(served.client)
        empty = await served.client.post("/collections", json={"name": "empty"})
        up.empty = empty.json()["id"]
        place = f"/collections/{up.collection}/documents"
        await served.client.put(f"{place}/salt.md", content=OTHER)
        tides = (await served.client.put(f"{place}/tides.md", content=TIDES)).json()
        up.document = tides["id"]
        documents = served.service.registry.documents
        up.whole = (await served.service.library.shelf("local", up.collection)).ref
        part = await documents.find("local", up.collection, [up.document])
        assert part is not None
        up.part = part
        return up


async def look(url: str, up: Uploaded) -> None:
    """Check that all is there, and that it can be searched and changed."""
    async with serving(db=url) as served:
        client, place = served.client, f"/collections/{up.collection}"
        found = (await client.get(f"{place}/search?q=sea")).json()["passages"]
        assert sorted(one["file"] for one in found) == ["salt.md", "tides.md"]
        assert (await client.get(f"/documents/{up.document}/content")).content == TIDES
        assert (await client.get(f"/collections/{up.empty}/search?q=sea")).status_code == 200
        assert await asyncio.to_thread(files_with, up.whole, "sea") == ["salt.md", "tides.md"]
        assert await asyncio.to_thread(files_with, up.part, "sea") == ["tides.md"]
        for id in (up.collection, up.empty):
            new = await client.put(f"/collections/{id}/documents/new.md", content=b"A new moon.")
            assert new.status_code == 200, new.text
            found = (await client.get(f"/collections/{id}/search?q=moon")).json()["passages"]
            assert "new.md" in [one["file"] for one in found]
            assert (await client.delete(f"/documents/{new.json()['id']}")).status_code == 204


def files_with(name: str, query: str) -> list[str]:
    with closing(tenuto.open_collection(name)) as collection:
        return sorted(passage.file for passage in collection.search(query).passages)


@needs_postgres
@pytest.mark.parametrize("begin", ["file", "database"])
def test_documents_move_to_a_database_and_back(begin: str, tmp_path: Path, database: str) -> None:
    one = file(tmp_path, "one") if begin == "file" else database
    two = database if begin == "file" else file(tmp_path, "one")
    up = asyncio.run(upload(one))

    there = move_store(one, two)
    asyncio.run(look(two, up))
    back = move_store(two, file(tmp_path, "three"))
    asyncio.run(look(file(tmp_path, "three"), up))

    assert there.rows["library_documents"] == back.rows["library_documents"] == 2
    assert there.rows["library_shelves"] == back.rows["library_shelves"] == 3


def test_documents_move_to_another_file(tmp_path: Path) -> None:
    up = asyncio.run(upload(file(tmp_path, "one")))

    move_store(file(tmp_path, "one"), file(tmp_path, "two"))

    asyncio.run(look(file(tmp_path, "two"), up))
    assert not list(tmp_path.glob("*.arriving"))


@needs_postgres
def test_what_was_moved_into_a_database_is_no_more_found_by_who_has_it_not_open(
    tmp_path: Path, database: str
) -> None:
    up = asyncio.run(upload(file(tmp_path, "one")))
    move_store(file(tmp_path, "one"), database)

    async def delete() -> None:
        async with serving(db=database) as served:
            await served.client.delete(f"/collections/{up.collection}")
            with pytest.raises(Fatal, match="There is no collection"):
                await asyncio.to_thread(tenuto.open_collection, up.whole)

    asyncio.run(delete())
    for name in (up.whole, up.part):
        with pytest.raises(Fatal, match="There is no collection"):
            tenuto.open_collection(name)


@needs_postgres
def test_names_that_nobody_kept_are_known_from_the_folders(
    tmp_path: Path, database: str, names: Path
) -> None:
    up = asyncio.run(upload(file(tmp_path, "one")))
    for kept in names.glob("*.json"):
        kept.unlink()

    move_store(file(tmp_path, "one"), database)

    async def look_again() -> None:
        async with tenuto.open(database):
            assert files_with(up.whole, "sea") == ["salt.md", "tides.md"]

    asyncio.run(look_again())


@needs_postgres
def test_a_target_is_lost_and_the_documents_are_moved_again(tmp_path: Path, database: str) -> None:
    up = asyncio.run(upload(file(tmp_path, "one")))
    move_store(file(tmp_path, "one"), f"{database}?schema=lost")

    move_store(file(tmp_path, "one"), database, again=True)

    asyncio.run(look(database, up))


def test_a_target_whose_folder_has_documents_is_refused(tmp_path: Path) -> None:
    up = asyncio.run(upload(file(tmp_path, "one")))
    foreign = tmp_path / "two.db.documents" / "mine"
    foreign.mkdir(parents=True)

    with pytest.raises(Rejected, match=r"its folder .*two\.db\.documents' has documents"):
        move_store(file(tmp_path, "one"), file(tmp_path, "two"))

    assert foreign.is_dir()
    asyncio.run(look(file(tmp_path, "one"), up))


def test_a_move_that_is_cut_off_leaves_no_documents_and_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = asyncio.run(upload(file(tmp_path, "one")))

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving_documents.TargetWithFolder, "settle", cut_off)
        with pytest.raises(KeyboardInterrupt):
            move_store(file(tmp_path, "one"), file(tmp_path, "two"))
    assert not list(tmp_path.glob("two.db.documents*"))

    move_store(file(tmp_path, "one"), file(tmp_path, "two"))
    asyncio.run(look(file(tmp_path, "two"), up))


@needs_postgres
def test_who_had_the_old_database_open_can_upload_nothing_more(
    tmp_path: Path, database: str
) -> None:
    up = asyncio.run(upload(database))
    shelves = tenuto.bootstrap.stores.postgres_adapter().PostgresShelves(database)

    move_store(database, file(tmp_path, "two"))

    with pytest.raises(CollectionUnavailable, match="was moved to"):
        shelves.put("any/where", up.whole, file="late.md", payload=b"late")
    asyncio.run(shelves.close())
