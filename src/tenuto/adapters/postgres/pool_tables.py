"""The tables of pools, and what is done to them in one transaction each.

They are made by who first declares a pool. Who claims locks the pool's row first: so the claims of
a pool have one order, and each sees what all before it took. Moments are the server's.
"""

from __future__ import annotations

from typing import Final

from tenuto.core.pools import CLAIMS_MAX

NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT"
TABLE: Final = "pools_1"
"""The number is that of the format."""
_TEXT: Final = 'TEXT COLLATE "C"'
_IS_THERE: Final = "EXISTS (SELECT 1 FROM members AS m WHERE m.number = c.worker)"

_PUT: Final = f"""
CREATE OR REPLACE FUNCTION put_calls_1(given JSONB, payloads BYTEA[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    one RECORD;
    its_turn BIGINT;
BEGIN
    FOR one IN
        SELECT g.* FROM ROWS FROM (jsonb_to_recordset(given) AS (
            id {_TEXT}, session {_TEXT}, pool {_TEXT}, tenant {_TEXT}, key {_TEXT},
            priority INTEGER, once INTEGER))
            WITH ORDINALITY AS g(id, session, pool, tenant, key, priority, once, place)
        ORDER BY g.pool, g.tenant, g.place
    LOOP
        CONTINUE WHEN EXISTS (SELECT 1 FROM pool_calls_1 AS c WHERE c.id = one.id);
        INSERT INTO pool_turns_1 AS t (pool, tenant, turn)
        VALUES (one.pool, one.tenant, coalesce(
            (SELECT p.turn FROM {TABLE} AS p WHERE p.name = one.pool), 0) + 1)
        ON CONFLICT (pool, tenant) DO UPDATE SET turn = greatest(t.turn + 1, excluded.turn)
        RETURNING t.turn - 1 INTO its_turn;
        INSERT INTO pool_calls_1(id, session, pool, tenant, key, priority, turn, once, payload,
            put_ms)
        VALUES (one.id, one.session, one.pool, one.tenant, one.key, one.priority, its_turn,
            one.once, payloads[one.place], {NOW})
        ON CONFLICT (id) DO NOTHING;
    END LOOP;
END $$"""

_CLAIM: Final = f"""
CREATE OR REPLACE FUNCTION claim_calls_1(
    asked TEXT, me BIGINT, room BIGINT, held TEXT[],
    OUT ids TEXT[], OUT numbers BIGINT[], OUT payloads BYTEA[], OUT again_ms BIGINT,
    OUT are_more BOOLEAN)
LANGUAGE plpgsql AS $$
DECLARE
    p RECORD;
    one RECORD;
    now_ms BIGINT;
    first_ms BIGINT;
    begun BIGINT;
    in_all BIGINT;
    mine BIGINT;
    newest_turn BIGINT;
    full_keys TEXT[] := '{{}}';
BEGIN
    ids := '{{}}'; numbers := '{{}}'; payloads := '{{}}'; are_more := false;
    SELECT * INTO p FROM {TABLE} WHERE name = asked FOR UPDATE;
    IF NOT FOUND OR NOT EXISTS (SELECT 1 FROM members WHERE number = me) THEN
        RETURN;
    END IF;
    now_ms := {NOW};
    -- What processes that are gone had.
    DELETE FROM pool_calls_1 AS c WHERE c.pool = asked AND c.worker > 0 AND c.outcome IS NULL
        AND c.is_withdrawn = 1 AND NOT {_IS_THERE};
    UPDATE pool_calls_1 AS c SET worker = 0 WHERE c.pool = asked AND c.worker > 0
        AND c.outcome IS NULL AND c.once = 0 AND c.claims < {CLAIMS_MAX} AND NOT {_IS_THERE};
    -- What this one has and knows nothing of: an answer was lost, or the server lost an outcome.
    IF EXISTS (
        SELECT 1 FROM pool_calls_1 AS c
        WHERE c.pool = asked AND c.worker = me AND c.outcome IS NULL AND c.id <> ALL(held))
    THEN
        DELETE FROM pool_calls_1 AS c WHERE c.pool = asked AND c.worker = me
            AND c.outcome IS NULL AND c.id <> ALL(held) AND c.is_withdrawn = 1;
        UPDATE pool_calls_1 AS c SET worker = 0 WHERE c.pool = asked AND c.worker = me
            AND c.outcome IS NULL AND c.id <> ALL(held);
    END IF;

    SELECT count(*), count(*) FILTER (WHERE c.worker = me) INTO in_all, mine
    FROM pool_calls_1 AS c
    WHERE c.pool = asked AND c.worker > 0 AND c.outcome IS NULL AND {_IS_THERE};
    IF p.concurrency > 0 THEN
        room := least(room, p.concurrency - in_all);
    END IF;
    IF p.worker_concurrency > 0 THEN
        room := least(room, p.worker_concurrency - mine);
    END IF;
    IF p.rate > 0 OR p.key_rate > 0 THEN
        DELETE FROM pool_begun_1 WHERE pool = asked AND at_ms <= now_ms - p.per_ms;
        SELECT count(*), min(at_ms) INTO begun, first_ms FROM pool_begun_1 WHERE pool = asked;
        IF p.rate > 0 THEN
            room := least(room, p.rate - begun);
        END IF;
    END IF;
    IF p.key_concurrency > 0 THEN
        SELECT coalesce(array_agg(k.key), '{{}}') INTO full_keys FROM (
            SELECT c.key FROM pool_calls_1 AS c
            WHERE c.pool = asked AND c.worker > 0 AND c.outcome IS NULL AND {_IS_THERE}
            GROUP BY c.key HAVING count(*) >= p.key_concurrency) AS k;
    END IF;
    IF p.key_rate > 0 THEN
        SELECT full_keys || coalesce(array_agg(k.key), '{{}}') INTO full_keys FROM (
            SELECT b.key FROM pool_begun_1 AS b WHERE b.pool = asked
            GROUP BY b.key HAVING count(*) >= p.key_rate) AS k;
    END IF;

    newest_turn := p.turn;
    WHILE room > 0 LOOP
        SELECT c.place, c.id, c.session, c.key, c.turn, c.payload, c.claims, c.once INTO one
        FROM pool_calls_1 AS c
        WHERE c.pool = asked AND c.worker = 0 AND c.outcome IS NULL AND c.key <> ALL(full_keys)
        ORDER BY c.priority DESC, c.turn, c.place LIMIT 1 FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        IF EXISTS (SELECT 1 FROM sessions AS s WHERE s.id = one.session AND s.active = 0) THEN
            -- It was given up while its owner was away.
            DELETE FROM pool_calls_1 AS c WHERE c.place = one.place;
            CONTINUE;
        END IF;
        UPDATE pool_calls_1 AS c SET worker = me, claims = c.claims + 1, begun_ms = now_ms
        WHERE c.place = one.place;
        IF one.once = 1 THEN
            -- That it was claimed must be known after a crash of the server, too.
            PERFORM set_config('synchronous_commit', 'on', true);
        END IF;
        ids := ids || one.id; numbers := numbers || (one.claims + 1);
        payloads := payloads || one.payload;
        newest_turn := greatest(newest_turn, one.turn);
        room := room - 1;
        IF p.rate > 0 OR p.key_rate > 0 THEN
            INSERT INTO pool_begun_1(pool, key, at_ms) VALUES (asked, one.key, now_ms);
            first_ms := least(first_ms, now_ms);
        END IF;
        IF (p.key_concurrency > 0 AND p.key_concurrency <= (
                SELECT count(*) FROM pool_calls_1 AS c
                WHERE c.pool = asked AND c.worker > 0 AND c.outcome IS NULL AND c.key = one.key
                    AND {_IS_THERE}))
            OR (p.key_rate > 0 AND p.key_rate <= (
                SELECT count(*) FROM pool_begun_1 AS b WHERE b.pool = asked AND b.key = one.key))
        THEN
            full_keys := full_keys || one.key;
        END IF;
    END LOOP;
    IF newest_turn > p.turn THEN
        UPDATE {TABLE} SET turn = newest_turn WHERE name = asked;
    END IF;
    are_more := EXISTS (
        SELECT 1 FROM pool_calls_1 AS c
        WHERE c.pool = asked AND c.worker = 0 AND c.outcome IS NULL);
    IF are_more AND first_ms IS NOT NULL THEN
        again_ms := first_ms + p.per_ms - now_ms;
    END IF;
END $$"""

_SETTLE: Final = f"""
CREATE OR REPLACE FUNCTION settle_calls_1(
    me BIGINT, given_ids TEXT[], given_numbers BIGINT[], outcomes BYTEA[])
RETURNS SETOF BIGINT LANGUAGE plpgsql AS $$
DECLARE
    one RECORD;
BEGIN
    FOR one IN
        SELECT c.place, c.is_withdrawn, c.once, g.outcome, g.given_place
        FROM unnest(given_ids, given_numbers, outcomes)
            WITH ORDINALITY AS g(id, number, outcome, given_place)
        JOIN pool_calls_1 AS c ON c.id = g.id
        WHERE c.worker = me AND c.claims = g.number AND c.outcome IS NULL AND {_IS_THERE}
        ORDER BY c.place FOR UPDATE OF c
    LOOP
        IF one.once = 1 THEN
            -- Were its outcome lost in a crash of the server, it would be made again.
            PERFORM set_config('synchronous_commit', 'on', true);
        END IF;
        IF one.is_withdrawn = 1 THEN
            DELETE FROM pool_calls_1 AS c WHERE c.place = one.place;
        ELSE
            UPDATE pool_calls_1 AS c SET outcome = one.outcome, settled_ms = {NOW}
            WHERE c.place = one.place AND c.outcome IS NULL;
            IF FOUND THEN
                RETURN NEXT one.given_place - 1;
            END IF;
        END IF;
    END LOOP;
END $$"""

_DROP: Final = f"""
CREATE OR REPLACE FUNCTION drop_calls_1(given_ids TEXT[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one RECORD;
BEGIN
    FOR one IN
        SELECT c.place, c.worker > 0 AND c.outcome IS NULL AND {_IS_THERE} AS runs
        FROM pool_calls_1 AS c WHERE c.id = ANY(given_ids) ORDER BY c.place FOR UPDATE OF c
    LOOP
        IF one.runs THEN
            UPDATE pool_calls_1 AS c SET is_withdrawn = 1 WHERE c.place = one.place;
        ELSE
            DELETE FROM pool_calls_1 AS c WHERE c.place = one.place;
        END IF;
    END LOOP;
END $$"""

ARE_MADE: Final = "SELECT to_regprocedure('claim_calls_1(text,bigint,bigint,text[])') IS NOT NULL"
"""Functions that came later are made where the tables are already."""
MAKE: Final = (
    f"""CREATE TABLE IF NOT EXISTS {TABLE}(
        name TEXT PRIMARY KEY,
        concurrency INTEGER NOT NULL,
        worker_concurrency INTEGER NOT NULL,
        rate INTEGER NOT NULL,
        per_ms INTEGER NOT NULL,
        key TEXT NOT NULL,
        key_concurrency INTEGER NOT NULL,
        key_rate INTEGER NOT NULL,
        turn INTEGER NOT NULL) WITH (fillfactor = 10)""",
    """CREATE TABLE IF NOT EXISTS pool_turns_1(
        pool TEXT, tenant TEXT, turn INTEGER NOT NULL, PRIMARY KEY (pool, tenant))""",
    """CREATE TABLE IF NOT EXISTS pool_begun_1(
        pool TEXT NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS pool_begun_1_by_time ON pool_begun_1(pool, at_ms)",
    """CREATE TABLE IF NOT EXISTS pool_calls_1(
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        session TEXT NOT NULL,
        pool TEXT NOT NULL,
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        priority INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        once INTEGER NOT NULL,
        payload BLOB NOT NULL,
        put_ms INTEGER NOT NULL,
        worker INTEGER NOT NULL DEFAULT 0,
        claims INTEGER NOT NULL DEFAULT 0,
        begun_ms INTEGER,
        is_withdrawn INTEGER NOT NULL DEFAULT 0,
        outcome BLOB,
        settled_ms INTEGER) WITH (fillfactor = 70)""",
    """CREATE INDEX IF NOT EXISTS pool_calls_1_waiting
        ON pool_calls_1(pool, priority DESC, turn, place) WHERE worker = 0 AND outcome IS NULL""",
    """CREATE INDEX IF NOT EXISTS pool_calls_1_running
        ON pool_calls_1(pool, worker) WHERE worker > 0 AND outcome IS NULL""",
    """CREATE INDEX IF NOT EXISTS pool_calls_1_settled
        ON pool_calls_1(settled_ms) WHERE outcome IS NOT NULL""",
    "CREATE INDEX IF NOT EXISTS pool_calls_1_of_session ON pool_calls_1(session)",
    _PUT,
    _CLAIM,
    _SETTLE,
    _DROP,
)

STANDING: Final = f"""CASE
    WHEN c.outcome IS NOT NULL THEN 'settled'
    WHEN c.worker = 0 THEN 'waiting'
    WHEN {_IS_THERE} THEN 'running'
    WHEN c.once = 1 OR c.claims >= {CLAIMS_MAX} THEN 'lost'
    ELSE 'waiting' END"""
