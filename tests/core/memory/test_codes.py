"""Codes bring the nearest vectors among the first, whatever the embedder."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.core.memory.codes import Probe, code_of, cosine


def hits(vectors: list[list[float]], asked: list[list[float]], *, first: int) -> float:
    codes = {number: code_of(vector) for number, vector in enumerate(vectors)}
    found = 0
    for question in asked:
        nearest = sorted(codes, key=lambda n: -cosine(vectors[n], question))[:10]
        likeness = Probe(question).likenesses(codes)
        found += len({*sorted(codes, key=lambda n: -likeness[n])[:first]} & {*nearest})
    return found / (10 * len(asked))


def test_the_nearest_of_hashed_words_are_among_the_first() -> None:
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghilmnoprstu", k=6)) for _ in range(300)]
    texts = [" ".join(chance.choices(words, k=8)) for _ in range(400)]
    embedder = HashingEmbedder()
    asked = embedder.embed([" ".join(chance.sample(text.split(), 4)) for text in texts[:10]])

    assert hits(embedder.embed(texts), asked, first=40) > 0.85


def test_the_nearest_of_dense_vectors_are_among_the_first() -> None:
    chance = random.Random(2)
    centres = [[chance.gauss(0, 1) for _ in range(128)] for _ in range(10)]

    def near() -> list[float]:
        vector = [value + chance.gauss(0, 1) for value in chance.choice(centres)]
        length = math.hypot(*vector)
        return [value / length for value in vector]

    assert hits([near() for _ in range(400)], [near() for _ in range(10)], first=60) > 0.95


def test_a_vector_that_says_nothing_has_no_code() -> None:
    assert code_of(()) == code_of([0.0] * 8) == b""


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_a_vector_is_like_itself_and_unlike_its_opposite(vector: list[float]) -> None:
    opposite = [-value for value in vector]
    codes = {"same": code_of(vector), "opposite": code_of(opposite)}

    likeness = Probe(vector).likenesses(codes)

    assert likeness["same"] == -likeness["opposite"]
    assert likeness["same"] > 0 or not any(vector)
