"""The tables of a schema, and the way from each older format to this one.

They are those of a store's file (see `adapters.sqlite.schema`) and one more: `log`, whose only row
holds the last position. Who appends locks it first, so commits have one order, positions have
no gap, and no reader sees a position before those below it. Source:
docs/adr/0013-one-row-orders-the-log-of-postgresql.md
"""

from __future__ import annotations

from typing import Final

from tenuto.adapters.postgres import wall
from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.library.schema import TABLES as LIBRARY
from tenuto.adapters.tables.moved import MARK, text_of
from tenuto.core.errors import CorruptLog, StoreUnavailable

TEXT: Final = 'TEXT COLLATE "C"'
"""Compared character by character, as everywhere in Tenuto."""
HEAD_FIELDS: Final = f"""
    id {TEXT}, tenant {TEXT}, "user" {TEXT}, workflow {TEXT}, workflow_version {TEXT},
    parent {TEXT}, key {TEXT}, origin {TEXT}, origin_version BIGINT, status {TEXT},
    waiting_for {TEXT}, wake_ms BIGINT, active INTEGER, started_ms BIGINT, updated_ms BIGINT,
    head_version BIGINT, waits INTEGER"""
_HEAD_NAMES: Final = """
    id, tenant, "user", workflow, workflow_version, parent, key, origin, origin_version, status,
    waiting_for, wake_ms, active, started_ms, updated_ms, head_version, waits"""

APPEND: Final = f"""
CREATE FUNCTION append(
    chain_sessions TEXT[], chain_expected BIGINT[],
    row_chains INTEGER[], row_versions BIGINT[], row_counts INTEGER[], row_times BIGINT[],
    row_payloads BYTEA[],
    starts JSONB, heads JSONB,
    snapshot_chains INTEGER[], snapshot_versions BIGINT[], snapshot_payloads BYTEA[],
    fence BIGINT,
    OUT last BIGINT, OUT numbers BIGINT[], OUT versions BIGINT[])
LANGUAGE plpgsql AS $$
DECLARE
    made TEXT[] := '{{}}';
    asked BIGINT := coalesce((SELECT sum(count) FROM unnest(row_counts) AS count), 0);
    taken BIGINT;
BEGIN
    UPDATE log SET position = position + asked RETURNING position - asked INTO last;
    IF jsonb_array_length(starts) > 0 THEN
        WITH given AS (
            SELECT * FROM ROWS FROM (jsonb_to_recordset(starts) AS ({HEAD_FIELDS}))
                WITH ORDINALITY AS g({_HEAD_NAMES}, place)
        ), inserted AS (
            INSERT INTO sessions({_HEAD_NAMES})
            SELECT {_HEAD_NAMES} FROM given AS g
            WHERE g.origin IS NULL OR EXISTS (
                SELECT 1 FROM sessions AS o WHERE o.id = g.origin AND g.origin_version <= coalesce(
                    (SELECT max(c.version) FROM commits AS c WHERE c.session = o.number),
                    o.origin_version))
            ORDER BY place
            ON CONFLICT DO NOTHING RETURNING id
        )
        SELECT coalesce(array_agg(id), '{{}}') INTO made FROM inserted;
    END IF;

    SELECT array_agg(CASE WHEN k.version = g.expected AND k.mine THEN k.number ELSE 0 END
            ORDER BY place),
        array_agg(CASE WHEN k.mine THEN k.version WHEN k.mine IS NULL THEN -1 ELSE -2 END
            ORDER BY place)
    INTO numbers, versions
    FROM unnest(chain_sessions, chain_expected) WITH ORDINALITY AS g(session, expected, place)
    LEFT JOIN LATERAL (
        SELECT s.number, coalesce(
            (SELECT max(c.version) FROM commits AS c WHERE c.session = s.number),
            s.origin_version) AS version,
            CASE WHEN fence < 0 THEN true
                WHEN EXISTS (
                    SELECT 1 FROM shards AS h WHERE h.workflow = s.workflow
                        AND h.number = s.shard AND h.owner = fence) THEN true
                ELSE s.id = ANY(made) END AS mine
        FROM sessions AS s WHERE s.id = g.session
    ) AS k ON true;

    WITH written AS (
        INSERT INTO commits(position, session, version, count, at_ms, payload)
        SELECT last + sum(r.count) OVER (ORDER BY r.place), numbers[r.chain], r.version, r.count,
            r.at_ms, r.payload
        FROM unnest(row_chains, row_versions, row_counts, row_times, row_payloads)
            WITH ORDINALITY AS r(chain, version, count, at_ms, payload, place)
        WHERE numbers[r.chain] > 0
        RETURNING count
    )
    SELECT coalesce(sum(count), 0) INTO taken FROM written;

    IF jsonb_array_length(heads) > 0 THEN
        UPDATE sessions AS s SET status = h.status, wake_ms = h.wake_ms, active = h.active,
            "user" = h."user", workflow = h.workflow, workflow_version = h.workflow_version,
            waiting_for = h.waiting_for, updated_ms = h.updated_ms, head_version = h.head_version,
            waits = h.waits
        FROM jsonb_to_recordset(heads) AS h(chain INTEGER, sole BOOLEAN, {HEAD_FIELDS})
        WHERE s.number = numbers[h.chain] AND numbers[h.chain] > 0
            AND NOT (h.sole AND h.id IN (SELECT unnest(made)));
    END IF;

    IF cardinality(snapshot_chains) > 0 THEN
        INSERT INTO snapshots(session, version, payload)
        SELECT numbers[g.chain], g.version, g.payload
        FROM unnest(snapshot_chains, snapshot_versions, snapshot_payloads)
            AS g(chain, version, payload)
        WHERE numbers[g.chain] > 0
        ON CONFLICT (session) DO UPDATE SET version = excluded.version, payload = excluded.payload;
    END IF;

    IF taken < asked THEN
        UPDATE log SET position = last + taken;
    END IF;
END $$"""

APPEND_ONE: Final = """
CREATE FUNCTION append_one(
    chain_session TEXT, expected BIGINT, row_count BIGINT, row_time BIGINT, row_payload BYTEA,
    fence BIGINT,
    OUT last BIGINT, OUT number BIGINT, OUT version BIGINT)
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE log SET position = position + row_count RETURNING position - row_count INTO last;
    INSERT INTO commits(position, session, version, count, at_ms, payload)
    SELECT last + row_count, s.number, expected + row_count, row_count, row_time, row_payload
    FROM sessions AS s
    WHERE s.id = chain_session
        AND expected = coalesce(
            (SELECT max(c.version) FROM commits AS c WHERE c.session = s.number), s.origin_version)
        AND CASE WHEN fence < 0 THEN true ELSE EXISTS (
            SELECT 1 FROM shards AS h
            WHERE h.workflow = s.workflow AND h.number = s.shard AND h.owner = fence) END
    RETURNING session, expected INTO number, version;
    IF NOT FOUND THEN
        UPDATE log SET position = last;
        SELECT CASE WHEN k.version = expected OR NOT k.mine THEN -2 ELSE k.version END
        INTO version
        FROM (
            SELECT coalesce(
                (SELECT max(c.version) FROM commits AS c WHERE c.session = s.number),
                s.origin_version) AS version,
                fence < 0 OR EXISTS (
                    SELECT 1 FROM shards AS h WHERE h.workflow = s.workflow
                        AND h.number = s.shard AND h.owner = fence) AS mine
            FROM sessions AS s WHERE s.id = chain_session
        ) AS k;
    END IF;
END $$"""
"""What `append` does to one commit of events of a session that is there, in half the time: what is
wrong with it is asked only where it was not written."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE log(position BIGINT NOT NULL) WITH (fillfactor = 10)",
        "INSERT INTO log VALUES (0)",
        """CREATE TABLE sessions(
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            tenant TEXT NOT NULL,
            "user" TEXT NOT NULL,
            workflow TEXT NOT NULL,
            workflow_version TEXT NOT NULL,
            parent TEXT,
            key TEXT,
            origin TEXT,
            origin_version BIGINT NOT NULL,
            status TEXT NOT NULL,
            waiting_for TEXT NOT NULL,
            wake_ms BIGINT,
            active INTEGER NOT NULL,
            started_ms BIGINT NOT NULL,
            updated_ms BIGINT NOT NULL,
            head_version BIGINT NOT NULL,
            waits INTEGER NOT NULL,
            shard SMALLINT NOT NULL GENERATED ALWAYS AS (
                (13 * ascii(left(right(id, 2), 1)) + ascii(right(id, 1))) % 64) STORED)""",
        # See core.sharing: whose the sessions are, and who is there.
        """CREATE TABLE members(
            number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name TEXT NOT NULL,
            workflows JSONB NOT NULL,
            duties JSONB NOT NULL,
            works INTEGER NOT NULL,
            adopts INTEGER NOT NULL,
            since_ms BIGINT NOT NULL,
            expires_ms BIGINT NOT NULL) WITH (fillfactor = 50)""",
        """CREATE TABLE shards(
            workflow TEXT,
            number SMALLINT,
            owner BIGINT NOT NULL,
            PRIMARY KEY (workflow, number)) WITH (fillfactor = 50)""",
        "CREATE INDEX shards_by_owner ON shards(owner)",
        "CREATE UNIQUE INDEX sessions_by_key ON sessions(tenant, key) WHERE key IS NOT NULL",
        "CREATE INDEX sessions_by_parent ON sessions(parent, number) WHERE parent IS NOT NULL",
        "CREATE INDEX sessions_by_status ON sessions(status, number)",
        "CREATE INDEX sessions_by_wake ON sessions(wake_ms) WHERE wake_ms IS NOT NULL",
        "CREATE INDEX sessions_active ON sessions(number) WHERE active = 1",
        "CREATE INDEX sessions_by_shard ON sessions(workflow, shard, number) WHERE active = 1",
        """CREATE TABLE commits(
            position BIGINT PRIMARY KEY,
            session BIGINT NOT NULL,
            version BIGINT NOT NULL,
            count INTEGER NOT NULL,
            at_ms BIGINT NOT NULL,
            payload BYTEA NOT NULL)""",
        "ALTER TABLE commits ALTER payload SET STORAGE EXTERNAL",
        "CREATE UNIQUE INDEX commits_of_session ON commits(session, version)",
        """CREATE TABLE snapshots(
            session BIGINT PRIMARY KEY,
            version BIGINT NOT NULL,
            payload BYTEA NOT NULL)""",
        "ALTER TABLE snapshots ALTER payload SET STORAGE EXTERNAL",
        "CREATE TABLE artifacts(digest TEXT PRIMARY KEY, payload BYTEA NOT NULL)",
        "ALTER TABLE artifacts ALTER payload SET STORAGE EXTERNAL",
        """CREATE TABLE mailbox(
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            session TEXT NOT NULL,
            payload BYTEA NOT NULL,
            posted_ms BIGINT NOT NULL,
            answer BYTEA)""",
        "CREATE INDEX mailbox_open ON mailbox(id) WHERE answer IS NULL",
        """CREATE UNLOGGED TABLE pieces(
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            session TEXT NOT NULL,
            task BIGINT NOT NULL,
            at_ms BIGINT NOT NULL,
            text TEXT NOT NULL,
            restart INTEGER NOT NULL)""",
        "CREATE INDEX pieces_of_session ON pieces(session, id)",
        # What SQLite calls so, for the tables that both have.
        """CREATE VIEW sqlite_master AS
            SELECT CASE relkind WHEN 'i' THEN 'index' ELSE 'table' END AS type, relname AS name
            FROM pg_class WHERE relnamespace = current_schema()::regnamespace""",
        """CREATE FUNCTION json_each(list TEXT) RETURNS TABLE(value TEXT)
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            AS 'SELECT * FROM jsonb_array_elements_text(list::JSONB)'""",
        """CREATE FUNCTION max(one BIGINT, other BIGINT) RETURNS BIGINT
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT greatest(one, other)'""",
        """CREATE FUNCTION strftime(format TEXT, at_s NUMERIC, since TEXT) RETURNS TEXT
            LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT to_char(
                to_timestamp(at_s) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$""",
        """CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS INTEGER
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT strpos(whole, part)'""",
        APPEND,
        APPEND_ONE,
        *LIBRARY,
    ),
)
"""Statements that lead from format n to n + 1. Only ever added to; a shipped one never changes."""

FORMAT: Final = len(MIGRATIONS)
_LOCK: Final = 0x54454E55


def migrate(connection: Connection, schema: str, name: str) -> str:
    """Bring the schema to the newest format, in one transaction; others who begin wait. Return why
    it has no row-level security, empty: it has."""
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        found = format_of(connection, schema, name)
        if not found:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            connection.execute("CREATE TABLE format(number INTEGER NOT NULL)")
            connection.execute("INSERT INTO format VALUES (0)")
        for statements in MIGRATIONS[found:]:
            for statement in statements:
                connection.execute(statement)
        if found < FORMAT:
            connection.execute("UPDATE format SET number = ?", (FORMAT,))
        missing = wall.build(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction and not connection.is_broken:
            connection.execute("ROLLBACK")
    return missing


def format_of(connection: Connection, schema: str, name: str) -> int:
    """Return the format of the schema, 0 when there is nothing in it.

    Raises:
        CorruptLog: another program's tables, or those of a newer release.
        StoreUnavailable: it was moved.
    """
    tables = {
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", (schema,)
        )
    }
    if not tables:
        return 0
    if not {"format", "log", "commits"} <= tables:
        raise CorruptLog(
            f"The schema {schema!r} of {name} holds {len(tables)} tables of another program; "
            "nothing was changed. Give Tenuto a schema of its own, as ?schema=tenuto2."
        )
    (found,) = connection.execute("SELECT number FROM format").fetchone() or (0,)
    if found > FORMAT:
        raise CorruptLog(
            f"The schema {schema!r} of {name} has format {found}, and this release reads formats "
            f"up to {FORMAT}; nothing was changed. Open it with the newer release that wrote it."
        )
    if MARK in tables:
        (target,) = connection.execute(f"SELECT target FROM {MARK}").fetchone() or ("?",)
        raise StoreUnavailable(text_of(f"The schema {schema!r} of {name}", str(target)))
    return int(found)


def require_newest(connection: Connection, schema: str, name: str) -> None:
    """Check that the schema can be read as it is.

    Raises:
        StoreUnavailable: it is empty or of an older format, and may not be changed here.
    """
    found = format_of(connection, schema, name)
    if found < FORMAT:
        raise StoreUnavailable(
            f"The schema {schema!r} of {name} has format {found} and must be brought to {FORMAT} "
            "first; open it once for writing."
        )
