"""Where systems understand the same words otherwise, in words that make the target do what the
source does.

A difference counts as one of dialect only if one of these rewritings, or all together, give the
rows of the source: so each explanation has been shown to be all there is to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from sqlglot import exp

from tenuto.teams.migration.kora.workload import rules
from tenuto.teams.migration.schema import System

Worded = Callable[[exp.Expr], str]


class Rewritten(msgspec.Struct, frozen=True):
    """A query in other words, and what these are about."""

    sql: str
    reasons: tuple[str, ...]


def rewritings(
    tree: exp.Query, source: System, target: System, worded: Worded
) -> Iterator[Rewritten]:
    """Give a query of the target in the words of each rule that says something about it; then in
    those of all together.

    Raises:
        Untranslatable: one of them has no form in the SQL of the target.
    """
    whole = tree.copy()
    reasons: list[str] = []
    seen = {worded(tree)}
    for rule in rules.RULES:
        if source not in rule.sources or target not in rule.targets:
            continue
        alone = tree.copy()
        if rule.apply(alone, source, target):
            sql = worded(alone)
            if sql not in seen:
                seen.add(sql)
                yield Rewritten(sql, (rule.reason,))
        if rule.apply(whole, source, target):
            reasons.append(rule.reason)
    if len(reasons) > 1 and worded(whole) not in seen:
        yield Rewritten(worded(whole), tuple(reasons))
