"""Text as conversations have it: varied, so that it packs about as well as prose does."""

import random
from typing import Final

TEXT: Final = """
the order was placed late on a Monday and nobody in the office had seen it before the carrier
called about a missing address so we asked the customer who replied within an hour that the
street had been renamed last spring while every map still shows its old name we changed the
record sent the parcel again and wrote a note for the next person because such things happen
more often than one would think especially in towns that grow quickly what remains open is who
pays for the second delivery our terms say the sender does but the invoice claims otherwise
please check contract 2291 section four and tell accounting by Friday otherwise interest will be
due they also want to know whether insurance covers damage by water since two boxes arrived wet
photographs are attached with measurements temperatures and names of both drivers"""
WORDS: Final = TEXT.split()


def paragraph(seed: int, *, characters: int) -> str:
    """Return prose of about `characters`, always the same for the same seed."""
    chance = random.Random(seed)
    words: list[str] = []
    length = 0
    while length < characters:
        word = chance.choice(WORDS)
        if chance.random() < 0.08:
            word = f"{word}-{chance.randrange(10_000)}"
        words.append(word)
        length += len(word) + 1
    return " ".join(words)
