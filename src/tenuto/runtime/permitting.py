"""Holds each call of a tool against the rules, before anything of it happens."""

from tenuto.core.agent.asks import Ask, risk_of
from tenuto.core.agent.lineage import Judged, judged, nothing_forbids, open_question
from tenuto.core.agent.policy import PermissionRule, Wish
from tenuto.core.errors import Fatal, NeedsApproval
from tenuto.core.session.effects import Call, CallTool
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.tool import ToolCode
from tenuto.runtime.toolbox import NamedTool


def permit(
    state: SessionState,
    effect: Call | CallTool,
    tool: ToolCode,
    policy: tuple[PermissionRule, ...],
    arguments: JsonObject,
) -> None:
    """Return when the call is allowed: by the rules of this process, by those of its agent, and by
    those of every agent that this one works for.

    `arguments` are those that the function gets; a question tells those that the log has.

    Raises:
        Fatal: a rule denies it.
        NeedsApproval: a person is to decide, and has not yet.
    """
    agent = effect.agent if type(effect) is CallTool else None
    own = agent.policy if agent is not None else ()
    above = effect.lineage if type(effect) is CallTool else ()
    if nothing_forbids(policy, own, above, effect.labels):
        return
    wish = Wish(
        tool=tool.id if isinstance(tool, NamedTool) else tool.spec.name,
        shown_as=tool.spec.name,
        permission=tool.permission,
        arguments=arguments,
        agent=agent.name if agent is not None else "",
        tenant=state.tenant,
        user=state.user,
        labels=effect.labels,
        safe=tool.safe,
    )
    recorded = effect.arguments if isinstance(effect, CallTool) else effect.inputs
    chain = judged(policy, own, above, wish)
    for part in chain:
        if part.verdict.effect == "deny":
            reason = _reason(part)
            raise Fatal(f"Tool {wish.tool!r} may not be called: {reason}.", code="denied")
    question = open_question(chain, effect.approved)
    if question is not None:
        who = f"Agent {wish.agent!r}" if agent is not None else f"Node {effect.node!r}"
        title = f"{who} wants to call {wish.tool!r}, and {_reason(question)}"
        details: JsonObject = {
            "tool": wish.tool,
            "arguments": recorded,
            "permission": wish.permission,
            "agent": wish.agent,
            "labels": list(wish.labels),
            "risk": risk_of(safe=tool.safe, once=tool.once),
        }
        raise NeedsApproval(_ask(title, question, details))


def _reason(part: Judged) -> str:
    reason = part.verdict.reason
    if not part.agent:
        return reason
    return f"{reason} (by the rules of agent {part.agent!r}, which it works for)"


def _ask(title: str, part: Judged, details: JsonObject) -> Ask:
    rule = part.verdict.rule or PermissionRule(effect="ask")
    return Ask(
        kind=part.kind,
        title=title,
        details=details,
        assignees=rule.assignees,
        quorum=rule.quorum,
        expires_ms=rule.expires_ms,
    )
