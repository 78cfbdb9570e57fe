"""Every embedder passes the one suite."""

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.ports.embedder import Embedder
from tenuto.testing.contracts import EmbedderContract


class TestHashing(EmbedderContract):
    def make_embedder(self) -> Embedder:
        return HashingEmbedder()


class TestHashingWithFewDimensions(EmbedderContract):
    def make_embedder(self) -> Embedder:
        return HashingEmbedder(64)
