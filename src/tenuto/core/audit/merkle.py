"""Merkle trees: one digest for many, and short proofs that one of them is among them.

Leaves and nodes are hashed with different first bytes, so that neither passes for the other.
Source: RFC 9162, section 2.1.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

EMPTY: Final = hashlib.sha256(b"").hexdigest()
"""The root of a tree without leaves."""


def leaf(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of what stands above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows at its end. It holds hashes of whole subtrees only, one for each size."""

    def __init__(self) -> None:
        self.count = 0
        self._whole: list[bytes] = []
        """Of the subtrees, the largest first."""

    def add(self, leaf_hash: bytes) -> None:
        """Put a leaf at the end."""
        self._whole.append(leaf_hash)
        self.count += 1
        # As many carries as adding one to `count` has: each joins two subtrees of a size.
        size = self.count
        while size % 2 == 0:
            right = self._whole.pop()
            self._whole.append(node(self._whole.pop(), right))
            size //= 2

    def root(self) -> str:
        """Return the root's hash, in hex."""
        if not self._whole:
            return EMPTY
        above = self._whole[-1]
        for whole in reversed(self._whole[:-1]):
            above = node(whole, above)
        return above.hex()


def proof(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes beside the way from a leaf to the root, from below.

    Source: RFC 9162, 2.1.3.1."""
    assert 0 <= index < len(leaf_hashes), "a leaf of the tree"
    if len(leaf_hashes) == 1:
        return ()
    half = 1 << ((len(leaf_hashes) - 1).bit_length() - 1)
    left, right = leaf_hashes[:half], leaf_hashes[half:]
    if index < half:
        return (*proof(left, index), _root(right))
    return (*proof(right, index - half), _root(left))


def proven_root(leaf_hash: bytes, index: int, *, count: int, path: Sequence[bytes]) -> str | None:
    """Return the root in hex that a proof leads to; None when it fits no tree of `count` leaves.

    Source: RFC 9162, 2.1.3.2."""
    if not 0 <= index < count:
        return None
    place, last, found = index, count - 1, leaf_hash
    for beside in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            found = node(beside, found)
            while not place % 2 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, beside)
        place, last = place >> 1, last >> 1
    return found.hex() if last == 0 else None


def _root(leaf_hashes: Sequence[bytes]) -> bytes:
    tree = Tree()
    for leaf_hash in leaf_hashes:
        tree.add(leaf_hash)
    return bytes.fromhex(tree.root())
