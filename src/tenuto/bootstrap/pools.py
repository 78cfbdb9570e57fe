"""The pools that a process is told of: by a setting, or by the file that `$TENUTO_POOLS` names."""

import os
from collections.abc import Iterator
from typing import Final

import msgspec

from tenuto.core.errors import DefinitionError, NotFound, Problem, Rejected
from tenuto.core.misfits import misfit, told
from tenuto.core.pools import Limits, Pool, fault_of_name
from tenuto.core.vocabulary import Json

VARIABLE: Final = "TENUTO_POOLS"


class Entry(Limits, frozen=True, forbid_unknown_fields=True):
    """A pool as a file has it, under its name."""


def pools_of(given: object) -> tuple[Pool, ...]:
    """Return the pools of a setting: a list of them, or the path of a file; None: the file that the
    environment names, or none.

    Raises:
        Rejected: they are none, or cannot be.
        NotFound, DefinitionError: as `read_pools`.
    """
    given = os.environ.get(VARIABLE, "") if given is None else given
    if isinstance(given, str):
        return read_pools(given) if given else ()
    if not isinstance(given, list | tuple):
        raise Rejected(
            f"pools is a list of tenuto.Pool(…), or a file of them; found {given!r:.60}."
        )
    found: dict[str, Pool] = {}
    for pool in given:
        if not isinstance(pool, Pool):
            raise Rejected(f"pools has {pool!r:.60}, which is no tenuto.Pool(…).")
        pool.check()
        if pool.name in found:
            raise Rejected(f"pools has two named {pool.name!r}; give one of them another name.")
        found[pool.name] = pool
    return tuple(found.values())


def read_pools(path: str) -> tuple[Pool, ...]:
    """Return the pools of a JSON file: an object of names and limits.

    Raises:
        NotFound: there is no such file.
        DefinitionError: something in it does not fit; it lists all that was found.
    """
    try:
        with open(path, encoding="utf-8") as file:
            document: Json = msgspec.json.decode(file.read())
    except FileNotFoundError:
        raise NotFound(what="file of pools", name=path) from None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        problem = Problem(message=f"The file cannot be read as JSON: {error}.", file=path)
        raise DefinitionError([problem]) from None
    found = list(_found(document))
    problems = [one for one in found if isinstance(one, Problem)]
    if problems:
        raise DefinitionError([msgspec.structs.replace(one, file=path) for one in problems])
    return tuple(one for one in found if isinstance(one, Pool))


def _found(document: Json) -> Iterator[Pool | Problem]:
    if not isinstance(document, dict):
        hint = 'Write {"gpu": {"concurrency": 2}}.'
        yield Problem(message="The file holds no pools by name.", hint=hint)
        return
    for name, entry in document.items():
        if fault_of_name(name):
            yield Problem(message=f"{name!r} {fault_of_name(name)}.", path=name)
            continue
        try:
            limits = msgspec.convert(entry, Entry)
            pool = Pool(name, **msgspec.structs.asdict(limits))
            pool.check()
        except msgspec.ValidationError as error:
            place, found = misfit(error)
            where = f"has {told(place)!r}, which {found}" if place else found
            yield Problem(message=f"Pool {name!r} {where}.", path=name)
        except Rejected as error:
            yield Problem(message=str(error), path=name)
        else:
            yield pool
