"""Row-level security: what PostgreSQL itself refuses where the code forgets to ask for a tenant."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

import tenuto
from tenuto.adapters.postgres import wall
from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.nearest import MAKE as NEAREST
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.postgres.store import Database, PostgresEventStore
from tenuto.adapters.tables import answers, deliveries, moved, responses
from tenuto.adapters.tables import connection as tables
from tenuto.adapters.tables.ledger import schema as ledger
from tenuto.adapters.tables.memory import schema as memory
from tenuto.adapters.tables.read_models import schema as read_models
from tenuto.core.errors import NotFound
from tenuto.ports.event_store import HeadQuery
from tenuto.ports.wall import everywhere, within
from tests.postgres import fresh_database, needs_postgres

pytestmark = needs_postgres

TENANTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=12
)

flow = tenuto.Workflow("waiting")
flow.node("wait", wait="go")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with fresh_database() as url:
        made(url)
        yield url


def made(url: str) -> Database:
    """Make a schema with every table that there can be."""
    database = Database(url=url, durability="wal")

    async def open_once() -> None:
        await (await PostgresEventStore.open(url)).close()

    asyncio.run(open_once())
    with closing(database.open_writable()) as connection:
        read_models.make(connection)
        ledger.make_tables(connection)
        memory.make_sums(connection)
        for statement in (*answers.MAKE, *deliveries.MAKE, *responses.MAKE):
            connection.execute(statement)
        # As where the extension is there, whose type the index's column has.
        connection.execute(NEAREST[0].format(schema="x").replace("x.vector", "TEXT"))
    return database


def tables_of(connection: Connection, kinds: str = "rv") -> set[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind::TEXT = ANY(?)",
        (list(kinds),),
    )
    return {row[0] for row in rows}


def fill(connection: Connection, table: str, number: int, tenant: str) -> None:
    """Put a tenant's row into a table; what names a thing of the tenant is `number` or `tenant`."""
    columns = connection.execute(
        """SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = ? AND is_generated = 'NEVER'""",
        (table,),
    ).fetchall()
    texts = {
        "place": f"{hashlib.sha256(tenant.encode()).hexdigest()[:16]}/col",
        "owner": f"{tenant}/user:ada",
    }
    values = [
        texts.get(name, tenant) if kind == "text" else b"" if kind == "bytea" else number
        for name, kind in columns
    ]
    names = ", ".join(f'"{name}"' for name, _ in columns)
    connection.execute(
        f"INSERT INTO {table}({names}) OVERRIDING SYSTEM VALUE"
        f" VALUES ({', '.join('?' * len(values))})",
        values,
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(one=TENANTS, other=TENANTS)
def test_a_question_that_forgets_the_tenant_gets_no_row_of_another_one(
    url: str, one: str, other: str
) -> None:
    if one == other:
        return
    database = Database(url=url, durability="wal")
    with closing(database.open_writable()) as connection:
        connection.execute(f"TRUNCATE {', '.join(wall.POLICIES)}")
        for table in wall.POLICIES:
            fill(connection, table, 1, one)
            fill(connection, table, 2, other)

    async def main() -> dict[str, int]:
        reads = ReadPool(database.open_readonly, name="here")
        try:
            with within(one):
                return {table: await reads.run(_count, table) for table in wall.POLICIES}
        finally:
            await reads.close()

    assert asyncio.run(main()) == dict.fromkeys(wall.POLICIES, 1)


def _count(connection: tables.Connection, table: str, /) -> int:
    ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def test_each_table_and_view_is_held_or_is_known_to_hold_nothing_of_a_tenant(url: str) -> None:
    with closing(Database(url=url, durability="wal").open_writable()) as connection:
        known = {*wall.POLICIES, *wall.OPEN, *wall.CLOSED}

        assert {moved.MARK, moved.ARRIVED} <= known
        assert tables_of(connection) <= known
        assert set(wall.POLICIES) <= tables_of(connection)


def test_the_role_reads_and_writes_nothing_else(url: str) -> None:
    database = Database(url=url, durability="wal")
    with closing(database.open_writable()) as connection:
        closed = [table for table in wall.CLOSED if table in tables_of(connection)]
        assert closed and wall.put_behind(connection)
        for refused in (
            *(f"SELECT * FROM {table}" for table in closed),
            "DELETE FROM sessions",
            "UPDATE memory_items SET text = ''",
        ):
            wall.begin(connection, "a")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
            connection.execute("ROLLBACK")


def run(url: str, work: Callable[[tenuto.Runtime, PostgresEventStore], Awaitable[None]]) -> None:
    async def main() -> None:
        async with tenuto.open(url, workflows=[flow]) as runtime:
            store = runtime._engine.store
            assert isinstance(store, PostgresEventStore)
            await work(runtime, store)

    asyncio.run(main())


@pytest.fixture
def fresh() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def test_a_session_of_another_tenant_is_not_there_even_for_who_knows_its_id(fresh: str) -> None:
    async def work(runtime: tenuto.Runtime, store: PostgresEventStore) -> None:
        own = await runtime.start(flow, tenant="a")
        strange = await runtime.start(flow, tenant="b")
        with within("a"):
            assert [head.tenant for head in await store.heads(HeadQuery())] == ["a"]
            assert await store.read(session=strange.id) == ()
            assert len(await store.read(session=own.id)) > 0
            with pytest.raises(NotFound):
                await store.load(strange.id)
            assert (await store.load(own.id)).head.tenant == "a"
            # Who looks at the whole database says so.
            with everywhere():
                assert len(await store.heads(HeadQuery())) == 2

    run(fresh, work)


def test_a_table_that_is_made_later_is_held_from_the_beginning(fresh: str) -> None:
    async def work(runtime: tenuto.Runtime, store: PostgresEventStore) -> None:
        for statement in responses.MAKE:
            await store._owned().execute(statement, ())
        for number, tenant in enumerate(["a", "b"], start=1):
            with closing(store._database.open_writable()) as connection:
                fill(connection, responses.TABLE, number, tenant)
        with within("a"):
            assert await store._reads.run(_count, responses.TABLE) == 1

    run(fresh, work)


@pytest.fixture
def plain(fresh: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """Give the database's address for a role that may make no roles, and who may."""
    place = urlsplit(fresh)
    role, base = f"plain_{place.path[1:]}", sql.Identifier(place.path[1:])
    roles = [sql.Identifier(role), sql.Identifier(f"{wall.PREFIX}{role}")]
    with psycopg.connect(fresh, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'plain'").format(roles[0]))
        admin.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(base, roles[0]))
        try:
            yield place._replace(netloc=f"{role}:plain@127.0.0.1:{place.port}").geturl(), admin
        finally:
            for name in roles:
                admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
                admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(name))
                admin.execute(sql.SQL("DROP ROLE {}").format(name))


def test_who_may_make_no_roles_has_no_wall_and_works_all_the_same_until_somebody_makes_it(
    plain: tuple[str, psycopg.Connection], caplog: pytest.LogCaptureFixture
) -> None:
    url, admin = plain

    async def unheld(runtime: tenuto.Runtime, store: PostgresEventStore) -> None:
        await runtime.start(flow, tenant="a")
        await runtime.start(flow, tenant="b")
        # What a server warns of.
        assert store.unheld.startswith("No row-level security between tenants")
        with within("a"):
            assert len(await store.heads(HeadQuery())) == 2
            assert len(await store.heads(HeadQuery(tenant="a"))) == 1

    async def held(runtime: tenuto.Runtime, store: PostgresEventStore) -> None:
        assert store.unheld == ""
        with within("a"):
            assert len(await store.heads(HeadQuery())) == 1

    with caplog.at_level(logging.INFO, "tenuto"):
        run(url, unheld)
    told = re.search(r"(CREATE ROLE .*?;) (GRANT .*?;)", caplog.text)
    assert told is not None
    for statement in told.groups():
        admin.execute(statement)

    run(url, held)
