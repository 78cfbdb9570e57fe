"""The public face of Tenuto: each name below, loaded when it is first asked for.

`import tenuto` itself loads nothing else, so a script that only wants one name pays for that one.
A new name goes into `_HOME`, into the block for type checkers and into `__all__`;
tests/tidy/test_face.py holds the three together.
"""

from importlib import import_module as _import_module

if not __debug__:
    raise ImportError(
        "Tenuto does not run under 'python -O' (or with PYTHONOPTIMIZE set): its assertions guard "
        "the log. Start Python without it."
    )

__all__ = [
    "Agent",
    "Audit",
    "AuditTrail",
    "Budget",
    "Cache",
    "Context",
    "CorruptLog",
    "DefinitionError",
    "Escalatable",
    "ExpressionFailed",
    "Fatal",
    "Guard",
    "GuardContext",
    "Matcher",
    "Memories",
    "MemoryItem",
    "MemoryPolicy",
    "MemoryUnavailable",
    "NeedsApproval",
    "NotAllowed",
    "NotFound",
    "PermissionRule",
    "Pool",
    "PortError",
    "Recoverable",
    "Rejected",
    "RetryPolicy",
    "Route",
    "RouteModel",
    "Runtime",
    "SandboxLimits",
    "SandboxUnavailable",
    "Session",
    "SessionCancelledError",
    "SessionEnded",
    "SessionFailedError",
    "Stale",
    "StoreOwned",
    "StoreUnavailable",
    "StoredEvent",
    "Team",
    "TenutoError",
    "Tool",
    "Transient",
    "Verdict",
    "WorkFailed",
    "Workflow",
    "WorkflowDefinition",
    "__version__",
    "add_collection",
    "body",
    "check_folder",
    "is_public_address",
    "mcp_server",
    "nemo_rails",
    "open",
    "open_audit",
    "open_collection",
    "open_memory",
    "read_servers",
    "run",
    "sandbox",
    "tool",
    "tool_factory",
]

# Where each public name lives.
_HOME = {
    "Agent": "tenuto.sdk.agent",
    "Audit": "tenuto.runtime.auditing",
    "AuditTrail": "tenuto.sdk.audit",
    "Budget": "tenuto.core.budget",
    "Cache": "tenuto.runtime.caching",
    "Context": "tenuto.runtime.context",
    "CorruptLog": "tenuto.core.errors",
    "DefinitionError": "tenuto.core.errors",
    "Escalatable": "tenuto.core.errors",
    "ExpressionFailed": "tenuto.core.errors",
    "Fatal": "tenuto.core.errors",
    "Guard": "tenuto.core.agent.guards",
    "GuardContext": "tenuto.core.agent.guards",
    "Matcher": "tenuto.core.agent.policy",
    "Memories": "tenuto.sdk.memory",
    "MemoryItem": "tenuto.core.memory.items",
    "MemoryPolicy": "tenuto.core.agent.remembering",
    "MemoryUnavailable": "tenuto.ports.memory",
    "NeedsApproval": "tenuto.core.errors",
    "NotAllowed": "tenuto.core.errors",
    "NotFound": "tenuto.core.errors",
    "PermissionRule": "tenuto.core.agent.policy",
    "Pool": "tenuto.core.pools",
    "PortError": "tenuto.core.errors",
    "Recoverable": "tenuto.core.errors",
    "Rejected": "tenuto.core.errors",
    "RetryPolicy": "tenuto.core.workflow.model",
    "Route": "tenuto.core.agent.routes",
    "RouteModel": "tenuto.core.agent.routes",
    "Runtime": "tenuto.sdk.runtime",
    "SandboxLimits": "tenuto.ports.sandbox",
    "SandboxUnavailable": "tenuto.ports.sandbox",
    "Session": "tenuto.sdk.session",
    "SessionCancelledError": "tenuto.sdk.errors",
    "SessionEnded": "tenuto.core.errors",
    "SessionFailedError": "tenuto.sdk.errors",
    "Stale": "tenuto.core.errors",
    "StoreOwned": "tenuto.core.errors",
    "StoreUnavailable": "tenuto.core.errors",
    "StoredEvent": "tenuto.sdk.history",
    "Team": "tenuto.sdk.team",
    "TenutoError": "tenuto.core.errors",
    "Tool": "tenuto.sdk.tool",
    "Transient": "tenuto.core.errors",
    "Verdict": "tenuto.core.agent.guards",
    "WorkFailed": "tenuto.core.errors",
    "Workflow": "tenuto.sdk.workflow",
    "WorkflowDefinition": "tenuto.core.workflow.model",
    "add_collection": "tenuto.bootstrap.collections",
    "body": "tenuto.sdk.body",
    "check_folder": "tenuto.bootstrap.folders",
    "is_public_address": "tenuto.core.addresses",
    "mcp_server": "tenuto.bootstrap.mcp_servers",
    "nemo_rails": "tenuto.bootstrap.rails",
    "open": "tenuto.bootstrap.opening",
    "open_audit": "tenuto.bootstrap.auditing",
    "open_collection": "tenuto.bootstrap.collections",
    "open_memory": "tenuto.bootstrap.memories",
    "read_servers": "tenuto.bootstrap.mcp_servers",
    "run": "tenuto.bootstrap.opening",
    "sandbox": "tenuto.bootstrap.sandboxes",
    "tool": "tenuto.sdk.tool",
    "tool_factory": "tenuto.sdk.factory",
}

# Type checkers take this to be true; importing it from `typing` would cost every start that module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from tenuto.bootstrap.auditing import open_audit as open_audit
    from tenuto.bootstrap.collections import add_collection as add_collection
    from tenuto.bootstrap.collections import open_collection as open_collection
    from tenuto.bootstrap.folders import check_folder as check_folder
    from tenuto.bootstrap.mcp_servers import mcp_server as mcp_server
    from tenuto.bootstrap.mcp_servers import read_servers as read_servers
    from tenuto.bootstrap.memories import open_memory as open_memory
    from tenuto.bootstrap.opening import open as open
    from tenuto.bootstrap.opening import run as run
    from tenuto.bootstrap.rails import nemo_rails as nemo_rails
    from tenuto.bootstrap.sandboxes import sandbox as sandbox
    from tenuto.core.addresses import is_public_address as is_public_address
    from tenuto.core.agent.guards import Guard as Guard
    from tenuto.core.agent.guards import GuardContext as GuardContext
    from tenuto.core.agent.guards import Verdict as Verdict
    from tenuto.core.agent.policy import Matcher as Matcher
    from tenuto.core.agent.policy import PermissionRule as PermissionRule
    from tenuto.core.agent.remembering import MemoryPolicy as MemoryPolicy
    from tenuto.core.agent.routes import Route as Route
    from tenuto.core.agent.routes import RouteModel as RouteModel
    from tenuto.core.budget import Budget as Budget
    from tenuto.core.errors import CorruptLog as CorruptLog
    from tenuto.core.errors import DefinitionError as DefinitionError
    from tenuto.core.errors import Escalatable as Escalatable
    from tenuto.core.errors import ExpressionFailed as ExpressionFailed
    from tenuto.core.errors import Fatal as Fatal
    from tenuto.core.errors import NeedsApproval as NeedsApproval
    from tenuto.core.errors import NotAllowed as NotAllowed
    from tenuto.core.errors import NotFound as NotFound
    from tenuto.core.errors import PortError as PortError
    from tenuto.core.errors import Recoverable as Recoverable
    from tenuto.core.errors import Rejected as Rejected
    from tenuto.core.errors import SessionEnded as SessionEnded
    from tenuto.core.errors import Stale as Stale
    from tenuto.core.errors import StoreOwned as StoreOwned
    from tenuto.core.errors import StoreUnavailable as StoreUnavailable
    from tenuto.core.errors import TenutoError as TenutoError
    from tenuto.core.errors import Transient as Transient
    from tenuto.core.errors import WorkFailed as WorkFailed
    from tenuto.core.memory.items import MemoryItem as MemoryItem
    from tenuto.core.pools import Pool as Pool
    from tenuto.core.workflow.model import RetryPolicy as RetryPolicy
    from tenuto.core.workflow.model import WorkflowDefinition as WorkflowDefinition
    from tenuto.ports.memory import MemoryUnavailable as MemoryUnavailable
    from tenuto.ports.sandbox import SandboxLimits as SandboxLimits
    from tenuto.ports.sandbox import SandboxUnavailable as SandboxUnavailable
    from tenuto.runtime.auditing import Audit as Audit
    from tenuto.runtime.caching import Cache as Cache
    from tenuto.runtime.context import Context as Context
    from tenuto.sdk.agent import Agent as Agent
    from tenuto.sdk.audit import AuditTrail as AuditTrail
    from tenuto.sdk.body import body as body
    from tenuto.sdk.errors import SessionCancelledError as SessionCancelledError
    from tenuto.sdk.errors import SessionFailedError as SessionFailedError
    from tenuto.sdk.factory import tool_factory as tool_factory
    from tenuto.sdk.history import StoredEvent as StoredEvent
    from tenuto.sdk.memory import Memories as Memories
    from tenuto.sdk.runtime import Runtime as Runtime
    from tenuto.sdk.session import Session as Session
    from tenuto.sdk.team import Team as Team
    from tenuto.sdk.tool import Tool as Tool
    from tenuto.sdk.tool import tool as tool
    from tenuto.sdk.workflow import Workflow as Workflow

    __version__: str
else:
    # Hidden from type checkers: to them a module with `__getattr__` has every name, even misspelt.
    def __getattr__(name: str) -> object:
        if name == "__version__":
            value: object = _import_module("importlib.metadata").version("tenuto")
        elif name in _HOME:
            value = getattr(_import_module(_HOME[name]), name)
        else:
            raise AttributeError(f"module 'tenuto' has no attribute {name!r}")
        globals()[name] = value
        return value


del TYPE_CHECKING


def __dir__() -> list[str]:
    return sorted(__all__)
