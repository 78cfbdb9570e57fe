"""Who may decide what a session asks: held against who is logged in, never against what a request
says."""

from collections.abc import Sequence

from tenuto.core.agent.asks import ROLE_PREFIX
from tenuto.server.principal import Principal


def may_decide(principal: Principal, assignees: Sequence[str]) -> bool:
    """Return whether the principal is one of the assignees; of none everybody is."""
    return voice_of(principal, assignees, ()) is not None


def voice_of(
    principal: Principal, assignees: Sequence[str], approvers: Sequence[str]
) -> str | None:
    """Return the name under which the principal decides, None where it may not.

    One person has one name for one question, so that nobody is two of a quorum. Where nobody has
    to log in, whoever asks stands in for the next assignee."""
    own = _names_of(principal)
    if not own:
        missing = [name for name in assignees if name not in approvers]
        return (missing or [*assignees, principal.actor])[0]
    if not assignees:
        return own[0]
    for assignee in assignees:
        if assignee in own:
            return assignee
    roles = getattr(principal, "roles", ())
    if any(f"{ROLE_PREFIX}{role}" in assignees for role in roles):
        return own[0]
    return None


def _names_of(principal: Principal) -> tuple[str, ...]:
    """Return what assignees may call a user: id, name, `user:ID`; nothing where there is none."""
    if not principal.user:
        return ()
    name = getattr(principal, "name", "")
    found = (principal.user, name, f"user:{principal.user}")
    return tuple(one for one in found if one)
