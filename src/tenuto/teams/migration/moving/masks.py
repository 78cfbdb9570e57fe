"""Masks: what tells of a person is put out of sight before it reaches the target.

A keyed mask gives equal values equal masks, so that joins still join. Its key is a secret: it
stands in no plan, event or file, but in the variable TENUTO_MASK_KEY of the environment, or in one
that the option `key_from` names.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.port import Unsupported
from tenuto.teams.migration.moving.kinds import Found, is_bytes, none_fits
from tenuto.teams.migration.moving.options import number, text
from tenuto.teams.migration.plan import Change, ColumnPlan

VARIABLE: Final = "TENUTO_MASK_KEY"
HEX_DIGITS: Final = 32
STARS: Final = "***"
SMALL: Final = "abcdefghijklmnopqrstuvwxyz"


def mask(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Values out of sight, as `how` says:

    - `null`: nothing.
    - `hash`: 32 digits in hex, by a key; the same for the same value.
    - `redact`: three stars.
    - `keep_last`: three stars and the last four characters, where there are more than eight.
    - `shape`: each digit another digit, each letter another letter, by a key; so the form of a
      number, a phone or an IBAN stays, and equal values stay equal.
    - `partial`: all but the first and the last `keep` characters are stars; of an address of mail,
      what stands before the @.
    - `year`: of a date, only the year is true.
    """
    way = text(change, "how", "hash")
    if way == "null":
        return pa.nulls(len(array), array.type), ()
    if is_bytes(array.type):
        return none_fits(array, pa.string())
    if way == "year":
        return _years(array), ()
    made = _masked(way, change)
    written = pc.cast(array, pa.string())
    words = written.dictionary_encode()
    masked = pa.array([made(word) for word in words.dictionary.to_pylist()], pa.string())
    return masked.take(words.indices), ()


def _masked(way: str, change: Change) -> Callable[[str], str]:
    if way == "redact":
        return lambda word: STARS
    if way == "keep_last":
        return lambda word: f"{STARS}{word[-4:]}" if len(word) > 8 else STARS
    if way == "partial":
        keep = number(change, "keep", 1)
        return lambda word: partial(word, keep)
    key = _key(change)
    if way == "hash":
        return lambda word: _stream(key, word)[: HEX_DIGITS // 2].hex()
    if way == "shape":
        return lambda word: shaped(word, _stream(key, word))
    raise Unsupported(
        f"The mask {way!r} is not known; there are: null, hash, redact, keep_last, shape, partial, "
        "year."
    )


def _key(change: Change) -> bytes:
    variable = text(change, "key_from", VARIABLE)
    key = os.environ.get(variable, "")
    if not key:
        raise Unsupported(
            f"A mask needs a secret key: set the variable {variable} of the environment to a long "
            "random text, the same for all migrations whose masked values are to be equal."
        )
    return key.encode()


def _stream(key: bytes, word: str) -> bytes:
    return hmac.new(key, word.encode(), hashlib.sha512).digest()


def partial(word: str, keep: int) -> str:
    """Return a word with stars in its middle; of a short one nothing stays."""
    name, at, domain = word.partition("@")
    hidden = (
        f"{name[:keep]}{'*' * (len(name) - 2 * keep)}{name[len(name) - keep :]}"
        if len(name) > 2 * keep and keep
        else "*" * len(name)
    )
    return f"{hidden}{at}{domain}"


def shaped(word: str, stream: bytes) -> str:
    """Return a word of the same shape: digits of digits, letters of letters."""
    out = []
    for place, sign in enumerate(word):
        chance = stream[place % len(stream)] + 251 * (place // len(stream))
        if sign.isdigit():
            # No zero where there was none: a number keeps its length.
            out.append(str(chance % 10) if sign == "0" or place else str(1 + chance % 9))
        elif sign.isalpha():
            letter = SMALL[chance % 26]
            out.append(letter.upper() if sign.isupper() else letter)
        else:
            out.append(sign)
    return "".join(out)


def _years(array: pa.Array) -> pa.Array:
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return pc.floor_temporal(array, unit="year")
    return pc.replace_substring_regex(
        pc.cast(array, pa.string()), r"^([0-9]{4})-[0-9]{2}-[0-9]{2}", r"\1-01-01"
    )
