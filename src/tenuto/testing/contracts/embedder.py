"""What every embedder must do, in the words of `tenuto.ports.embedder`."""

import math
from abc import ABC, abstractmethod

from tenuto.ports.embedder import Embedder

TEXTS = (
    "The painter was painting houses by the sea.",
    "A painter paints a house near the sea.",
    "Interest rates rose in the second quarter.",
    "Straße, Ελλάδα, 東京 and 🎻",
    "x",
)


class EmbedderContract(ABC):
    """The whole suite. Subclass it and say how to make an embedder."""

    @abstractmethod
    def make_embedder(self) -> Embedder:
        """Return an embedder; two calls return two of the same kind."""

    def test_every_text_has_a_vector_of_the_length_that_is_said(self) -> None:
        embedder = self.make_embedder()

        vectors = embedder.embed(TEXTS)

        assert len(vectors) == len(TEXTS)
        assert {len(vector) for vector in vectors} == {embedder.dimensions}
        assert all(isinstance(value, float) for vector in vectors for value in vector)

    def test_a_text_that_says_something_has_a_vector_of_unit_length(self) -> None:
        for text, vector in zip(TEXTS, self.make_embedder().embed(TEXTS), strict=True):
            assert math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-5), text

    def test_a_text_that_says_nothing_is_all_zeros(self) -> None:
        for vector in self.make_embedder().embed(["", "  \n"]):
            assert set(vector) == {0.0}

    def test_no_texts_have_no_vectors(self) -> None:
        assert self.make_embedder().embed([]) == []

    def test_the_same_text_has_the_same_vector_alone_and_among_others(self) -> None:
        first, second = self.make_embedder(), self.make_embedder()

        together = first.embed(TEXTS)

        assert first.name == second.name
        assert together == [second.embed([text])[0] for text in TEXTS]

    def test_texts_about_the_same_lie_nearer_than_texts_about_something_else(self) -> None:
        one, like, unlike, *_ = self.make_embedder().embed(TEXTS)

        assert _cosine(one, like) > _cosine(one, unlike) + 0.1

    def test_embedders_say_which_they_are(self) -> None:
        assert self.make_embedder().name


def _cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
