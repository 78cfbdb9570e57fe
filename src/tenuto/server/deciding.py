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
    if principal.proof == "none":
        missing = [name for name in assignees if name not in approvers]
        return (missing or [*assignees, principal.user])[0]
    own = [one for one in (principal.user, principal.name, f"user:{principal.user}") if one]
    if not assignees:
        return own[0]
    for assignee in assignees:
        if assignee in own:
            return assignee
    if any(f"{ROLE_PREFIX}{role}" in assignees for role in principal.roles):
        return own[0]
    return None
