"""Trees are those of RFC 9162, and proofs lead to their roots."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.audit.merkle import EMPTY, Tree, leaf, node, proof, proven_root

INPUTS = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
# Source: the test vectors of Certificate Transparency (RFC 6962, whose trees are the same).
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def tree_of(leaves: list[bytes]) -> Tree:
    tree = Tree()
    for one in leaves:
        tree.add(one)
    return tree


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert Tree().root() == EMPTY == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_that_others_compute(count: int) -> None:
    tree = tree_of([leaf(bytes.fromhex(data)) for data in INPUTS[:count]])

    assert (tree.count, tree.root()) == (count, ROOTS[count - 1])


def defined(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 9162, 2.1.1 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node(defined(leaves[:half]), defined(leaves[half:]))


@given(st.integers(1, 70))
def test_a_tree_that_grew_is_the_tree_as_defined(count: int) -> None:
    leaves = [leaf(bytes([n])) for n in range(count)]

    assert tree_of(leaves).root() == defined(leaves).hex()


@given(st.integers(1, 40), st.data())
def test_a_proof_leads_from_its_leaf_to_the_root_and_from_no_other(
    count: int, data: st.DataObject
) -> None:
    leaves = [leaf(bytes([n])) for n in range(count)]
    index = data.draw(st.integers(0, count - 1))
    path, root = proof(leaves, index), tree_of(leaves).root()

    assert proven_root(leaves[index], index, count=count, path=path) == root
    assert proven_root(leaf(b"other"), index, count=count, path=path) != root
    assert len(path) <= (count - 1).bit_length()
    for wrong in range(count):
        if wrong != index:
            assert proven_root(leaves[index], wrong, count=count, path=path) != root


def test_a_proof_that_fits_no_such_tree_leads_nowhere() -> None:
    leaves = [leaf(bytes([n])) for n in range(5)]
    path = proof(leaves, 2)

    assert proven_root(leaves[2], 5, count=5, path=path) is None
    assert proven_root(leaves[2], -1, count=5, path=path) is None
    assert proven_root(leaves[2], 2, count=5, path=path[:-1]) is None
    assert proven_root(leaves[2], 2, count=5, path=(*path, leaves[0])) is None
