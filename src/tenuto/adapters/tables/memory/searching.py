"""Answering a question: each current item of its scopes is looked at, few of them closely."""

from array import array
from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import Final, Protocol, TypeAlias

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.memory.rows import COLUMNS, JOINED, item_of
from tenuto.adapters.tables.memory.schema import has_memory
from tenuto.core.memory.codes import Probe, cosine
from tenuto.core.memory.fusing import recalled
from tenuto.core.memory.items import MemoryItem, Recalled
from tenuto.core.memory.words import asked_words, bm25, is_frequent
from tenuto.ports.memory import RECALL_MAX, Question

LOOKED_AT_MAX: Final = 20_000
"""Items of a scope that a question looks at: those that were kept last."""

CANDIDATES: Final = 2 * RECALL_MAX
"""So many of each ranking are fused."""

COMPARED: Final = 250
"""So many vectors are compared exactly: those whose codes come nearest. Of the ten that are nearest
among 4,000 they hold 97 in 100 of hashed words, and all of dense vectors; measured."""

SELECT_SCOPE: Final = "SELECT number FROM memory_scopes WHERE tenant = ? AND agent = ? AND user = ?"
SELECT_CURRENT: Final = """
    SELECT item, words, CASE WHEN embedder = ? AND length(code) = ? THEN code END
    FROM memory_current
    WHERE scope = ? AND (expires_ms = 0 OR expires_ms > ?) {kinds}
    ORDER BY item DESC LIMIT ?"""
COUNT_CURRENT: Final = "SELECT count(*) FROM memory_current WHERE scope = ?"
COUNT_HOLDERS: Final = "SELECT count(*) FROM memory_words WHERE scope = ? AND word = ?"
SELECT_HOLDERS: Final = """
    SELECT item, count FROM memory_words
    WHERE scope = ? AND word = ? ORDER BY item DESC LIMIT ?"""
SELECT_VECTOR: Final = "SELECT vector FROM memory_vectors WHERE item = ?"
SELECT_ITEM: Final = f"SELECT {COLUMNS} FROM {JOINED} WHERE i.number = ?"

Scores: TypeAlias = dict[int, float]


class Nearest(Protocol):
    """An index for vectors."""

    def follow(self, connection: Connection) -> None:
        """Bring the index up to date with what was written in the transaction that is open."""
        ...

    def nearest(
        self, connection: Connection, question: Question, scopes: Sequence[int], count: int
    ) -> Scores | None:
        """Return the cosines of the items of these scopes that are nearest to the question, so many
        at most; None: it cannot tell for this question, and all are to be compared."""
        ...


def recall(
    connection: Connection, question: Question, index: Nearest | None = None
) -> tuple[Recalled, ...]:
    """See `Memory.recall`."""
    if not has_memory(connection):
        return ()
    scopes = _scopes(connection, question)
    meaning = index.nearest(connection, question, scopes, CANDIDATES) if index else None
    lengths, codes = _looked_at(connection, question, scopes, with_codes=meaning is None)
    words = _best(_words(connection, question, scopes, lengths), CANDIDATES)
    if meaning is None:
        meaning = _best(_meaning(connection, question, codes), CANDIDATES)
    return recalled(
        _items(connection, words, meaning),
        words=words,
        meaning=meaning,
        now_ms=question.now_ms,
        limit=max(0, min(question.limit, RECALL_MAX)),
    )


def _scopes(connection: Connection, question: Question) -> list[int]:
    found = []
    for scope in dict.fromkeys((s.tenant, s.agent, s.user) for s in question.scopes):
        row = connection.execute(SELECT_SCOPE, scope).fetchone()
        if row is not None:
            found.append(row[0])
    return found


def _looked_at(
    connection: Connection, question: Question, scopes: Sequence[int], *, with_codes: bool
) -> tuple[dict[int, int], dict[int, bytes]]:
    """Return how many words each item has, and the codes that can be compared."""
    kinds = f"AND kind IN ({', '.join('?' * len(question.kinds))})" if question.kinds else ""
    # Codes of the same embedder with another number of dimensions have another length.
    size = ((2 * len(question.vector) + 7) // 8 or -1) if with_codes else -1
    lengths: dict[int, int] = {}
    codes: dict[int, bytes] = {}
    for scope in scopes:
        values = (question.embedder, size, scope, question.now_ms, *question.kinds, LOOKED_AT_MAX)
        rows = connection.execute(SELECT_CURRENT.format(kinds=kinds), values).fetchall()
        lengths.update({item: words for item, words, _ in rows})
        codes.update({item: code for item, _, code in rows if code is not None})
    return lengths, codes


def _words(
    connection: Connection,
    question: Question,
    scopes: Sequence[int],
    lengths: Mapping[int, int],
) -> Scores:
    # Words of what has expired, or is of another kind, are there and do not count.
    unseen = _count(connection, COUNT_CURRENT, [(scope,) for scope in scopes]) - len(lengths)
    postings: dict[str, dict[int, int]] = {}
    frequent: list[str] = []
    for word in asked_words(question.text):
        held = _count(connection, COUNT_HOLDERS, [(scope, word) for scope in scopes])
        if is_frequent(held - unseen, len(lengths)):
            frequent.append(word)
            continue
        holders = _holders(connection, word, scopes, lengths)
        if is_frequent(len(holders), len(lengths)):
            frequent.append(word)
        elif holders:
            postings[word] = holders
    if not postings:
        postings = {word: _holders(connection, word, scopes, lengths) for word in frequent}
    return bm25(postings, lengths)


def _count(connection: Connection, sql: str, values: Sequence[tuple[int | str, ...]]) -> int:
    return sum(connection.execute(sql, value).fetchone()[0] for value in values)


def _holders(
    connection: Connection, word: str, scopes: Sequence[int], lengths: Mapping[int, int]
) -> dict[int, int]:
    """Return how often the word stands in which of the items that are looked at."""
    return {
        item: count
        for scope in scopes
        for item, count in connection.execute(SELECT_HOLDERS, (scope, word, LOOKED_AT_MAX))
        if item in lengths
    }


def _meaning(connection: Connection, question: Question, codes: Mapping[int, bytes]) -> Scores:
    if not codes:
        return {}
    scores: Scores = {}
    for item in _best(Probe(question.vector).likenesses(codes), COMPARED):
        vector = array("f")
        vector.frombytes(connection.execute(SELECT_VECTOR, (item,)).fetchone()[0])
        scores[item] = cosine(vector, question.vector)
    return scores


def _best(scores: Scores, count: int) -> Scores:
    """Return the best `count`; among equals those kept last."""
    best = nlargest(count, zip(scores.values(), scores.keys(), strict=True))
    return {item: score for score, item in best}


def _items(connection: Connection, *candidates: Scores) -> dict[int, MemoryItem]:
    numbers = dict.fromkeys(number for scores in candidates for number in scores)
    return {
        number: item_of(connection.execute(SELECT_ITEM, (number,)).fetchone()) for number in numbers
    }
