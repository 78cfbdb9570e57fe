"""Queries asked of both sides, and what came of it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import sqlglot
from sqlglot import exp

from tenuto.teams.migration.databases.port import Database, DatabaseError, Rows, Unavailable
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.kora import results
from tenuto.teams.migration.kora.excuses import excuse, rows_aside
from tenuto.teams.migration.kora.findings import Answer, Check, Difference, Found, Query
from tenuto.teams.migration.kora.results import Outcome
from tenuto.teams.migration.kora.telling import Told, tell
from tenuto.teams.migration.kora.workload.given import Given
from tenuto.teams.migration.kora.workload.made import Maker
from tenuto.teams.migration.kora.workload.rewriting import Rewritten, rewritings
from tenuto.teams.migration.kora.workload.translating import (
    Translated,
    Translator,
    Untranslatable,
)
from tenuto.teams.migration.plan import ColumnPlan, Plan, ViewPlan
from tenuto.teams.migration.schema import Schema

ROWS_MAX: Final = 50_000
"""Rows of an answer that are compared at most."""
ENDLESS: Final = (
    "A sum beyond what a float holds is infinite in the source, and an error in the target."
)
UNDECIDED: Final = (
    "Rows that are equal in what it sorts by are cut by LIMIT: which of them come is not promised "
    "by either system."
)
HIDDEN: Final = "What it gives is not told, as it reads columns that are masked."
THREADS: Final = 4
SECONDS_MAX: Final = 900.0
"""After so long the queries that are left are skipped."""


class Asked(msgspec.Struct):
    """What a translation of a query gave."""

    outcome: Outcome | None
    error: str = ""
    seconds: float = 0.0


class Answered(msgspec.Struct):
    """A query, and what its translation gave."""

    query: Query
    columns: tuple[str, ...] = ()
    asked: Asked | None = None
    hidden: bool = False
    """It reads columns that are masked: no value is told."""

    def tell(self, found: Found) -> None:
        """Add what is not the same."""
        query, asked = self.query, self.asked
        if asked is None or query.answer == "same" or query.answer == "skipped":
            return
        told = Told(
            name=query.name, columns=self.columns, verdict=query.answer, reason=query.reason
        )
        if asked.outcome is not None and self.hidden:
            reason = f"{query.reason} {HIDDEN}"
            found.add(
                Difference(what="result", table=query.name, verdict=query.answer, reason=reason)
            )
            return
        if asked.outcome is not None:
            tell(found, asked.outcome, told)
            return
        reason = query.reason
        if reason != asked.error:
            reason = f"{reason} The translation alone does not work: {asked.error}"
        found.add(Difference(what="error", table=query.name, verdict=query.answer, reason=reason))


class Workload:
    """Asks queries of a source and its target."""

    def __init__(self, source: Database, target: Database, plan: Plan, schema: Schema) -> None:
        self._source, self._target = source, target
        self._aside = rows_aside(target)
        self._translator = Translator(plan, schema)
        self._maker = Maker(source, schema, plan)
        self._reworded: dict[str, Query] = {}
        """Views by name that give the rows of the source in other words only."""

    def run(
        self, given: Iterable[Given | str], *, made: bool = True
    ) -> tuple[Check, tuple[Query, ...]]:
        """Return what differs, and each query with its answer: the given ones, then made ones."""
        begun = time.perf_counter()
        found = Found()

        def answered(one: tuple[str, str, Given]) -> Answered:
            if time.perf_counter() - begun > SECONDS_MAX:
                return Answered(_skipped(*one, "There was no time left."))
            return self._one(*one)

        with ThreadPoolExecutor(THREADS, "kora-query") as threads:
            answers = list(threads.map(answered, list(self._all(given, made))))
        for answer in answers:
            answer.tell(found)
        queries = tuple(answer.query for answer in answers)
        asked = sum(query.answer != "skipped" for query in queries)
        return found.check("workload", compared=asked, unit="queries", begun=begun), queries

    def _all(self, given: Iterable[Given | str], made: bool) -> Iterator[tuple[str, str, Given]]:
        for number, one in enumerate(given, start=1):
            yield f"query {number}", "given", Given(one) if isinstance(one, str) else one
        for name, sql in self._maker.queries() if made else ():
            yield name, "made", Given(sql)

    def _one(self, name: str, origin: str, given: Given) -> Answered:
        try:
            translated = self._translator.translated(given.sql)
        except Untranslatable as error:
            return Answered(_skipped(name, origin, given, str(error)))
        begun = time.perf_counter()
        try:
            mine = self._source.query(given.sql, limit=ROWS_MAX + 1)
        except Unavailable:
            raise
        except DatabaseError as error:
            reason = f"The source does not answer it: {error}"
            return Answered(_skipped(name, origin, given, reason))
        source_seconds = time.perf_counter() - begun
        if len(mine.rows) > ROWS_MAX:
            reason = f"It gives more than {ROWS_MAX:,} rows."
            return Answered(_skipped(name, origin, given, reason))
        mine = Rows(mine.columns, as_changed(translated.results, mine.rows))
        asked = self._ask(translated, translated.sql, mine.rows)
        answer, reason, rewritten = self._judge(translated, asked, mine.rows)
        query = Query(
            name=name,
            origin="given" if origin == "given" else "made",
            sql=given.sql,
            translated=translated.sql,
            answer=answer,
            reason=reason,
            rewritten=rewritten,
            rows=len(mine.rows),
            source_seconds=source_seconds,
            target_seconds=asked.seconds,
            times=given.times,
        )
        return Answered(query, mine.columns, asked, _reads_masked(translated))

    def view(self, name: str, view: ViewPlan) -> Answered:
        """Return what a view of the target gives, against that of a name in the source; where it
        is not the same, in which words the view would give it."""
        given = Given(f"SELECT * FROM {quoted(self._source.system, name)}")
        try:
            mine = self._source.query(given.sql, limit=ROWS_MAX + 1)
        except Unavailable:
            raise
        except DatabaseError as error:
            reason = f"The view does not work in the source: {error}"
            return Answered(_skipped(f"view {name}", "made", given, reason))
        try:
            translated = self._translator.translated(view.source_query)
        except Untranslatable:
            translated = Translated.of_nothing()
        query = f"SELECT * FROM {quoted(self._target.system, view.name)}"
        # That a view sorts its rows is no promise to who reads it.
        translated.sorted_by = None
        asked = self._ask(translated, query, mine.rows)
        answer, reason, rewritten = self._judge(translated, asked, mine.rows)
        judged = Query(
            name=f"view {view.name}",
            origin="made",
            sql=view.source_query,
            translated=view.query or "",
            answer=answer,
            reason=reason,
            rewritten=rewritten,
            rows=len(mine.rows),
            target_seconds=asked.seconds,
        )
        if rewritten:
            self._reworded[view.name] = judged
        return Answered(judged, mine.columns, asked, _reads_masked(translated))

    def _ask(self, query: Translated, sql: str, mine: Sequence[results.Row]) -> Asked:
        """Return what a wording of a query gives on the target."""
        begun = time.perf_counter()
        try:
            its = self._target.query(sql, limit=ROWS_MAX + 1)
        except Unavailable:
            raise
        except DatabaseError as error:
            return Asked(None, str(error), time.perf_counter() - begun)
        seconds = time.perf_counter() - begun
        outcome = results.compared(mine, its.rows, sorted_by=query.sorted_by, kinds=query.kinds)
        return Asked(outcome, "", seconds)

    def _judge(
        self, query: Translated, asked: Asked, mine: Sequence[results.Row]
    ) -> tuple[Answer, str, str]:
        """Return the class of an answer, the reason, and the words that give the same."""
        if asked.outcome is not None and asked.outcome.same:
            return "same", "", ""
        for rewritten in self._rewritings(query):
            again = self._ask(query, rewritten.sql, mine)
            if again.outcome is not None and again.outcome.same:
                return "dialect", " ".join(rewritten.reasons), rewritten.sql
        if why := excuse(query, self._aside):
            return "expected", why, ""
        if "out of range" in asked.error and any(map(_is_endless, itertools.chain(*mine))):
            return "dialect", ENDLESS, ""
        if asked.outcome is not None and self._is_undecided(query, mine):
            return "dialect", UNDECIDED, ""
        return "defect", asked.error or "The rows are not the same.", ""

    def _rewritings(self, query: Translated) -> Iterator[Rewritten]:
        plan = self._translator.plan
        try:
            yield from self._views_in_place(query)
            yield from rewritings(
                query.tree, plan.source_system, plan.target_system, self._translator.worded
            )
        except Untranslatable:
            return

    def _views_in_place(self, query: Translated) -> Iterator[Rewritten]:
        """Give a query with the right words of a view in place of a view that gives other rows."""
        tree = query.tree.copy()
        reasons: dict[str, None] = {}
        for node in list(tree.find_all(exp.Table)):
            reworded = self._reworded.get(node.name)
            if reworded is not None:
                inner = sqlglot.parse_one(reworded.rewritten, read=self._translator.write)
                alias: exp.Expr = exp.to_identifier(node.alias_or_name, quoted=True)
                names = reworded_columns(self._translator, node.name)
                alias = exp.TableAlias(this=alias, columns=names)
                node.replace(exp.Subquery(this=inner, alias=alias))
                reasons[f"It reads the {reworded.name}. {reworded.reason}"] = None
        if reasons:
            yield Rewritten(self._translator.worded(tree), tuple(reasons))

    def _is_undecided(self, query: Translated, mine: Sequence[results.Row]) -> bool:
        """Return whether a cut result may have other rows: the same numbers of rows, and the same
        values in what it is sorted by."""
        if not query.cut:
            return False
        try:
            its = self._target.query(query.sql, limit=ROWS_MAX + 1).rows
        except DatabaseError:
            return False
        if len(its) != len(mine):
            return False
        if not query.sorted_by:
            return query.sorted_by is None
        by = query.sorted_by
        left = [tuple(row[place] for place in by) for row in mine]
        right = [tuple(row[place] for place in by) for row in its]
        whole = tuple(range(len(by)))
        return results.compared(left, right, sorted_by=whole).same and _has_ties(query, left)


def _reads_masked(query: Translated) -> bool:
    return any(column.is_masked for _, column in query.touched)


def _is_endless(value: object) -> bool:
    return isinstance(value, float) and math.isinf(value)


def reworded_columns(translator: Translator, view: str) -> list[exp.Identifier]:
    """Return the columns of a view, for systems in which a query without quotes changes them."""
    if translator.write != "postgres":
        return []
    return [exp.to_identifier(name, quoted=True) for name in translator.view_columns(view)]


def _has_ties(query: Translated, keys: list[results.Row]) -> bool:
    """Return whether the last row that came could have been another one."""
    return len(keys) > 0 and len(query.sorted_by or ()) < len(query.results)


def _skipped(name: str, origin: str, given: Given, reason: str) -> Query:
    return Query(
        name=name,
        origin="given" if origin == "given" else "made",
        sql=given.sql,
        answer="skipped",
        reason=reason,
        times=given.times,
    )


def as_changed(
    columns: tuple[ColumnPlan | None, ...], rows: list[results.Row]
) -> list[results.Row]:
    """Return rows of the source with what the plan makes of the values in columns it changes."""
    if not rows or not any(column is not None and column.changes for column in columns):
        return rows
    import pyarrow as pa

    from tenuto.teams.migration.moving.rows import through

    if len(columns) != len(rows[0]):
        return rows
    turned = [list(values) for values in zip(*rows, strict=True)]
    for place, column in enumerate(columns):
        if column is not None and column.changes:
            try:
                turned[place] = through(pa.array(turned[place]), column)[0].to_pylist()
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
                continue
    return list(zip(*turned, strict=True))
