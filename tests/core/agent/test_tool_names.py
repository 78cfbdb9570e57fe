"""Names of tools found at run time: ids in definitions, names for models, patterns."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.agent.tool_names import (
    is_named,
    is_of_a_source,
    namespace_fault,
    namespace_of,
    ref_fault,
    shown_name,
    tool_id,
)

namespaces = st.from_regex(r"[a-z0-9-]{1,8}(_[a-z0-9-]{1,8}){0,2}", fullmatch=True)
names = st.text(min_size=1, max_size=100)
PROVIDERS_TAKE = re.compile(r"[A-Za-z0-9_-]{1,64}")


@pytest.mark.parametrize(
    ("namespace", "name", "shown"),
    [
        ("github", "search_issues", "github__search_issues"),
        ("my-shop", "price", "my-shop__price"),
        ("a", "_b", "a___b"),
    ],
)
def test_a_plain_name_is_shown_as_it_is(namespace: str, name: str, shown: str) -> None:
    assert shown_name(namespace, name) == shown


def test_a_name_that_providers_refuse_ends_in_a_digest() -> None:
    shown = shown_name("github", "repo.list issues")

    assert re.fullmatch(r"github__repo_list_issues_[0-9a-f]{8}", shown)


def test_a_name_that_is_too_long_is_cut_and_ends_in_a_digest() -> None:
    one, other = shown_name("github", "x" * 80 + "1"), shown_name("github", "x" * 80 + "2")

    assert len(one) == len(other) == 64
    assert one != other


@given(namespaces, names, namespaces, names)
def test_two_tools_are_never_shown_under_one_name(
    namespace: str, name: str, other_namespace: str, other_name: str
) -> None:
    shown = shown_name(namespace, name)

    assert PROVIDERS_TAKE.fullmatch(shown)
    assert namespace_of(shown) == namespace
    same = (namespace, name) == (other_namespace, other_name)
    assert same == (shown == shown_name(other_namespace, other_name))


@given(namespaces, names.filter(lambda name: "__" not in name))
def test_an_id_tells_its_namespace_and_names_its_tool(namespace: str, name: str) -> None:
    assert not namespace_fault(namespace)
    found = tool_id(namespace, name)

    assert namespace_of(found) == namespace
    assert is_named(f"{namespace}.*", namespace, name)
    assert is_named("*.*", namespace, name)
    if "*" not in name and "?" not in name:
        assert is_named(found, namespace, name)


@given(
    st.text("ab._*?", min_size=1, max_size=6),
    st.text("ab._*?", min_size=1, max_size=6),
    st.text("ab_", min_size=1, max_size=5),
    st.text("ab._", min_size=1, max_size=6),
)
def test_a_pattern_means_what_fnmatch_says_of_each_of_its_two_parts(
    glob: str, name_glob: str, namespace: str, name: str
) -> None:
    glob = glob.replace(".", "")

    found = is_named(f"{glob}.{name_glob}", namespace, name)

    assert found == (fnmatchcase(namespace, glob) and fnmatchcase(name, name_glob))


def test_no_pattern_of_a_namespace_reaches_into_another_one() -> None:
    # As one text, *b.c would fit x.b.c as well.
    assert not is_named("*b.c", "x", "b.c")
    assert is_named("x.*c", "x", "b.c")


@pytest.mark.parametrize("name", ["GitHub", "a b", "", "a__b", "a_", "x" * 33, "a.b", "ä"])
def test_a_name_of_a_source_that_will_not_do_is_told(name: str) -> None:
    assert "is no name of a source of tools" in namespace_fault(name)


@pytest.mark.parametrize(
    "ref",
    ["github.*", "github.search_issues", "*.read_?", "my-shop.a.b", "shop:price", "plain", "a:b.*"],
)
def test_a_good_name_of_tools_has_no_fault(ref: str) -> None:
    assert ref_fault(ref) == ""


@pytest.mark.parametrize("ref", ["*", "github*", "GitHub.*", "github.", ".x", "a b.c", "a__b.c"])
def test_a_name_that_can_name_no_tool_is_told(ref: str) -> None:
    assert "names no tools" in ref_fault(ref)


def test_a_node_names_one_tool() -> None:
    assert "one tool is wanted" in ref_fault("github.*", single=True)
    assert ref_fault("github.find", single=True) == ""


def test_code_and_registered_names_are_no_ids() -> None:
    assert not is_of_a_source("shop.tools:price")
    assert not is_of_a_source('tenuto.tools:http({"allow": ["*.example.org"]})')
    assert not is_of_a_source("plain")
    assert is_of_a_source("github.*")
