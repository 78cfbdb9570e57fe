"""Pools as tools, nodes and workflows name them."""

from collections.abc import Iterable, Mapping
from typing import Any

from tenuto.core.errors import DefinitionError, Problem, Rejected
from tenuto.core.pools import Pool
from tenuto.core.workflow.model import Node, WorkflowDefinition


def pool_named(pool: Pool | str) -> tuple[str, tuple[Pool, ...]]:
    """Return the name of a pool, and the pools that were declared by that.

    Raises:
        DefinitionError: it cannot be.
    """
    if isinstance(pool, str):
        return pool, ()
    try:
        pool.check()
    except Rejected as error:
        raise DefinitionError([Problem(message=str(error))]) from None
    return pool.name, (pool,)


def pools_in(code: Mapping[str, Any], pools: Iterable[Pool]) -> tuple[Pool, ...]:
    """Return the pools that tools and nodes brought along.

    Raises:
        DefinitionError: two of one name differ.
    """
    found: dict[str, Pool] = {}
    brought = [pool for part in code.values() for pool in getattr(part, "pools", ())]
    for pool in (*pools, *brought):
        known = found.setdefault(pool.name, pool)
        if known != pool:
            message = f"The pool {pool.name!r} is declared twice: {known!r} and {pool!r}."
            hint = "Make one of it, and name it by its name elsewhere."
            raise DefinitionError([Problem(message=message, hint=hint)])
    return tuple(found.values())


def check_pools(
    definition: WorkflowDefinition, code: Mapping[str, Any], known: Iterable[str]
) -> None:
    """Check that every pool that a workflow names was declared.

    Raises:
        DefinitionError: with each that was not.
    """
    names = frozenset(known)
    named = {(name, path) for name, path in _named(definition) if name not in names}
    for ref, part in code.items():
        pool = getattr(part, "pool", "")
        if isinstance(pool, str) and pool and pool not in names:
            named.add((pool, f"tool {ref!r}"))
    if named:
        told = ", ".join(map(repr, sorted(names))) or "none"
        raise DefinitionError(
            [
                Problem(
                    message=f"Nobody has declared the pool {name!r}; there are: {told}.",
                    path=path,
                    hint=f'Give tenuto.open(pools=[tenuto.Pool("{name}")]), or --pools FILE on '
                    "the command line.",
                )
                for name, path in sorted(named)
            ]
        )


def _named(definition: WorkflowDefinition) -> Iterable[tuple[str, str]]:
    for node in definition.nodes:
        yield from _of_node(node, f"nodes.{node.id}")
    for child in definition.children:
        yield from _named(child)


def _of_node(node: Node, path: str) -> Iterable[tuple[str, str]]:
    if node.pool:
        yield node.pool, path
    if node.body is not None:
        yield from _of_node(node.body, path)
