"""Who may do what: roles, grants, and keys that never can more than their users."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.accounts.globs import glob_covers, glob_matches
from tenuto.core.accounts.permissions import (
    ALL,
    PATTERNS_MAX,
    BadPermission,
    allows,
    check_patterns,
    covers,
    parse,
)
from tenuto.core.accounts.principal import Principal
from tenuto.core.accounts.roles import ALLOWED, ROLES, UnknownRole, check_roles, permissions_of

names = st.text("ab*", max_size=6)
texts = st.text("ab", max_size=8)
conditions = st.dictionaries(
    st.sampled_from(["workflow", "agent"]), st.text("ab*", min_size=1, max_size=4), max_size=2
)
heads = st.sampled_from([*ALL, "*:*", "sessions:*", "*:read", "keys:*"])
patterns = st.builds(
    lambda head, more: ":".join([head, *filter(None, [",".join(map("=".join, more.items()))])]),
    heads,
    conditions,
)
pattern_lists = st.lists(patterns, max_size=5).map(tuple)
things = st.dictionaries(st.sampled_from(["workflow", "agent"]), texts, max_size=2)
role_sets = st.lists(st.sampled_from(ROLES), max_size=3).map(tuple)
permissions = st.sampled_from([*ALL, "sessions:fly", "nothing:read", "*:*", ""])


def user(*roles: str, **more: object) -> Principal:
    return Principal(organisation="acme", user="u1", roles=roles, **more)  # type: ignore[arg-type]  # names of fields


def test_nothing_is_allowed_to_those_without_role_and_grant() -> None:
    assert [one for one in ALL if user().may(one)] == []


def test_an_admin_may_all_that_there_is_and_nothing_that_there_is_not() -> None:
    assert all(user("admin").may(one) for one in ALL)
    assert not user("admin").may("sessions:fly")
    assert not user("admin").may("*:*")


@pytest.mark.parametrize(
    ("role", "allowed", "denied"),
    [
        ("viewer", "sessions:read", "sessions:start"),
        ("operator", "sessions:write", "approvals:decide"),
        ("approver", "approvals:decide", "sessions:start"),
        ("developer", "workflows:write", "accounts:read"),
        ("developer", "sessions:start", "approvals:decide"),
        ("admin", "audit:read", "audit:write"),
    ],
)
def test_each_role_has_its_work_and_not_that_of_others(
    role: str, allowed: str, denied: str
) -> None:
    assert user(role).may(allowed)
    assert not user(role).may(denied)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("viewer", "operator"),
        ("operator", "developer"),
        ("developer", "admin"),
        ("viewer", "approver"),
        ("approver", "admin"),
    ],
)
def test_roles_contain_one_another_where_they_are_ordered(less: str, more: str) -> None:
    assert set(ALLOWED[less]) < set(ALLOWED[more])


def test_only_admins_reach_accounts_secrets_settings_and_the_audit_log() -> None:
    guarded = [
        one for one in ALL if one.split(":")[0] in ("accounts", "secrets", "settings", "audit")
    ]
    assert guarded

    for role in set(ROLES) - {"admin"}:
        assert not set(guarded) & set(ALLOWED[role])


def test_a_role_that_does_not_exist_is_refused_and_allows_nothing() -> None:
    with pytest.raises(UnknownRole, match=r"'root'.*viewer"):
        check_roles(["viewer", "root"])

    assert permissions_of(("root",)) == ()
    assert check_roles(["admin", "viewer", "admin"]) == ("viewer", "admin")


def test_a_grant_may_be_for_some_things_only() -> None:
    ada = user("viewer", grants=("sessions:start:workflow=research*",))

    assert ada.may("sessions:start", {"workflow": "research-long"})
    assert not ada.may("sessions:start", {"workflow": "payroll"})
    assert not ada.may("sessions:start"), "of which nothing is known"
    assert ada.may_some("sessions:start")
    assert not ada.may_some("sessions:write")


def test_all_conditions_of_a_grant_must_hold() -> None:
    ada = user(grants=("sessions:start:workflow=a*,agent=b",))

    assert ada.may("sessions:start", {"workflow": "ab", "agent": "b"})
    assert not ada.may("sessions:start", {"workflow": "ab", "agent": "c"})
    assert not ada.may("sessions:start", {"workflow": "ab"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sessions",
        "sessions:",
        ":read",
        "session:read",
        "sessions:fly",
        "*:fly",
        "sessions:read:",
        "sessions:read:workflow",
        "sessions:read:workflow=",
        "sessions:read:workflow=a,workflow=b",
        "sessions:read:workflow=a b",
        "sessions:read:Workflow=a",
        "Sessions:read",
        "sessions:read:workflow=" + "a" * 600,
    ],
)
def test_what_is_no_pattern_is_refused_and_allows_nothing(text: str) -> None:
    with pytest.raises(BadPermission, match="permission"):
        parse(text)

    assert not any(allows((text,), one) for one in ALL)
    assert user("viewer").may_manage((), (text,)), "it hinders nobody"


def test_there_are_only_so_many_patterns() -> None:
    many = [f"sessions:read:workflow=w{number}" for number in range(PATTERNS_MAX + 1)]

    assert len(check_patterns([*many[1:], *many[1:]])) == PATTERNS_MAX
    with pytest.raises(BadPermission, match="too many"):
        check_patterns(many)


@given(role_sets, pattern_lists, pattern_lists, permissions, things)
def test_a_key_never_can_more_than_its_user(
    roles: tuple[str, ...],
    grants: tuple[str, ...],
    scopes: tuple[str, ...],
    permission: str,
    thing: dict[str, str],
) -> None:
    person = user(*roles, grants=grants)
    key = user(*roles, grants=grants, scopes=scopes, key="k1")

    if key.may(permission, thing):
        assert person.may(permission, thing)
        assert allows(scopes, permission, thing)
    if key.may_some(permission):
        assert person.may_some(permission)


@given(role_sets, pattern_lists, pattern_lists, pattern_lists, st.sampled_from(ALL), things)
def test_what_may_be_given_away_is_no_more_than_one_has(
    roles: tuple[str, ...],
    grants: tuple[str, ...],
    scopes: tuple[str, ...],
    given_away: tuple[str, ...],
    permission: str,
    thing: dict[str, str],
) -> None:
    giver = user(*roles, grants=grants, scopes=scopes)

    if giver.may_give(given_away) and allows(given_away, permission, thing):
        assert giver.may(permission, thing)


@given(role_sets, pattern_lists, role_sets, st.sampled_from(ALL), things)
def test_nobody_manages_an_account_that_can_more(
    mine: tuple[str, ...],
    grants: tuple[str, ...],
    theirs: tuple[str, ...],
    permission: str,
    thing: dict[str, str],
) -> None:
    manager, other = user(*mine, grants=grants), user(*theirs)

    if manager.may_manage(theirs, ()) and other.may(permission, thing):
        assert manager.may(permission, thing)


@given(pattern_lists, patterns)
def test_patterns_cover_themselves_and_what_stands_among_them(
    held: tuple[str, ...], wanted: str
) -> None:
    assert covers((*held, wanted), wanted)
    assert covers(("*:*",), wanted)
    assert not covers((), wanted)


@given(names, names, texts)
def test_a_glob_that_covers_another_matches_all_that_it_matches(
    outer: str, inner: str, text: str
) -> None:
    if glob_covers(outer, inner) and glob_matches(inner, text):
        assert glob_matches(outer, text)


@given(names, texts)
def test_globs_match_what_their_plain_reading_does(glob: str, text: str) -> None:
    assert glob_matches(glob, text) == slow_match(glob, text)


def slow_match(glob: str, text: str) -> bool:
    if not glob:
        return not text
    if glob[0] == "*":
        return any(slow_match(glob[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and text[0] == glob[0] and slow_match(glob[1:], text[1:])


def test_a_proof_ends_at_its_time() -> None:
    assert not user().has_expired(10**15)
    assert not user(expires_ms=100).has_expired(99)
    assert user(expires_ms=100).has_expired(100)


def test_the_ledger_names_a_key_before_its_user() -> None:
    assert user().actor == "user:u1"
    assert user(key="k1").actor == "key:k1"
    assert Principal(organisation="acme", user="").actor == "system"
