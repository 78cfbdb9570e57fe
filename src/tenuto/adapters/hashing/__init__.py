"""Texts as points by hashed words and pieces of words, without a model; may import ports and the
core."""

from tenuto.adapters.hashing.embedder import HashingEmbedder

__all__ = ["HashingEmbedder"]
