"""Holds each call of a tool against the rules, before anything of it happens."""

from tenuto.core.agent.asks import Ask
from tenuto.core.agent.policy import PermissionRule, Wish, judge
from tenuto.core.errors import Fatal, NeedsApproval
from tenuto.core.session.effects import Call, CallTool
from tenuto.core.session.state import SessionState
from tenuto.ports.tool import ToolCode
from tenuto.runtime.toolbox import NamedTool

PERMISSION = "permission"
"""The kind of question."""


def permit(
    state: SessionState,
    effect: Call | CallTool,
    tool: ToolCode,
    policy: tuple[PermissionRule, ...],
) -> None:
    """Return when the call is allowed: by the rules of this process, and by those of its agent.

    Each of the two must allow it; a person who was asked has said so for both.

    Raises:
        Fatal: a rule denies it.
        NeedsApproval: a person is to decide, and has not yet.
    """
    by_agent = isinstance(effect, CallTool)
    wish = Wish(
        tool=tool.id if isinstance(tool, NamedTool) else tool.spec.name,
        shown_as=tool.spec.name,
        permission=tool.permission,
        arguments=effect.arguments if isinstance(effect, CallTool) else effect.inputs,
        agent=effect.agent.name if isinstance(effect, CallTool) else "",
        tenant=state.tenant,
        user=state.user,
        labels=effect.labels,
        safe=tool.safe,
    )
    own = effect.agent.policy if isinstance(effect, CallTool) else ()
    verdicts = [judge(rules, wish) for rules in (policy, own) if rules] or [judge((), wish)]
    for verdict in verdicts:
        if verdict.effect == "deny":
            raise Fatal(f"Tool {wish.tool!r} may not be called: {verdict.reason}.", code="denied")
    for verdict in verdicts:
        if verdict.effect == "ask" and PERMISSION not in effect.approved:
            rule = verdict.rule or PermissionRule(effect="ask")
            who = f"Agent {wish.agent!r}" if by_agent else f"Node {effect.node!r}"
            raise NeedsApproval(
                Ask(
                    kind=PERMISSION,
                    title=f"{who} wants to call {wish.tool!r}, and {verdict.reason}",
                    details={
                        "tool": wish.tool,
                        "arguments": wish.arguments,
                        "permission": wish.permission,
                        "agent": wish.agent,
                        "labels": list(wish.labels),
                    },
                    assignees=rule.assignees,
                    quorum=rule.quorum,
                    expires_ms=rule.expires_ms,
                )
            )
