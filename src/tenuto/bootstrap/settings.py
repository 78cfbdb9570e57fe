"""How a database is opened."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, get_args

from tenuto.adapters.sealing.aes_siv import KEY_CHARS_MIN
from tenuto.adapters.tables.connection import Durability
from tenuto.bootstrap.models import refuse_reserved
from tenuto.bootstrap.pools import pools_of
from tenuto.core.agent.guards import Guard, checked_guards
from tenuto.core.agent.policy import PermissionRule, faults_of_rules
from tenuto.core.agent.routes import Route
from tenuto.core.errors import Rejected
from tenuto.core.pools import Pool, fault_of_name
from tenuto.core.workflow.faults import meant
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.embedder import Embedder
from tenuto.ports.memory import Memory
from tenuto.ports.model import Model
from tenuto.ports.provider_keys import ProviderKeys
from tenuto.runtime.auditing import Audit
from tenuto.runtime.caching import Cache
from tenuto.sdk.sources import Tools
from tenuto.sdk.workflow import Workflow

CONCURRENCY: Final = 256
"""Effects that run at once in one process."""


class Settings(TypedDict, total=False):
    """How a database is opened; everything has a default."""

    durability: Durability
    """`sync`, the default: an acknowledged event survives a power cut. `wal`: a killed process."""
    readonly: bool
    """Look, while another process owns the file."""
    workflows: Sequence[Workflow | WorkflowDefinition]
    """Those whose sessions of earlier processes, or of others that share the database, are to run
    here."""
    models: Mapping[str, Model]
    """Provider name to model, beside `offline` and those that the extra `pydantic_ai` brings."""
    routes: Mapping[str, Route | Mapping[str, Any]]
    """Several models under one name: an agent with `model="route:name"` asks one of them."""
    memory: Memory
    """Where agents remember; by default the database itself."""
    embedder: Embedder
    """What memory compares meanings with; by default words and pieces of words, without a model."""
    stream: bool
    """True: models give their answers in pieces where they can; see `Session.tokens`."""
    code: Mapping[str, Any]
    """Functions and tools by the names that definitions use, before any that can be imported."""
    provider_keys: ProviderKeys
    """Keys of providers by tenant; where it has none of a name, the environment has."""
    guards: Sequence[Guard]
    """At the borders of all that runs in this process, beside those of workflows and agents."""
    guard_key: str
    """What personal data are sealed with; by default `$TENUTO_GUARD_KEY`."""
    tools: Mapping[str, Tools]
    """Where tools are found at run time, by namespace: agents name them as `github.*`."""
    policy: Sequence[PermissionRule]
    """Which tools may be called by whom with what; holds beside the rules of each agent."""
    concurrency: int
    """Effects that run at once; 256 by default."""
    pools: Sequence[Pool] | str | None
    """Pools and their limits, whatever those say that come with tools and nodes; or the path of a
    file of them. By default the file that `$TENUTO_POOLS` names."""
    serves: Sequence[str] | None
    """The pools whose calls this process carries out; by default all that it knows."""
    cache: Cache | bool
    """How answers of models are kept for agents that take them from the cache; False: no agent
    does."""
    audit: Audit | bool
    """How checkpoints of the ledger and the log are taken; True: as `Audit()` says, False: none
    are. By default they are taken where the ledger holds something."""
    audit_key: str
    """What checkpoints are marked with; by default `$TENUTO_AUDIT_KEY`."""
    read_models: bool
    """True: the tables `agent_sessions`, `agent_tasks` and the others are kept from events."""
    recover: bool
    """False: what earlier processes left unsettled waits until it is asked for."""
    hold: bool
    """True: inputs are recorded, nothing is carried out."""
    redis: str
    """The address of a Redis that processes on a PostgreSQL database share, for what goes faster by
    it; by default `$TENUTO_REDIS`, and an empty text: none."""
    alone: bool
    """True: no other process may work on a PostgreSQL database meanwhile; on a file none ever
    may."""


def check_settings(settings: Settings) -> None:
    """Return when the settings can be used.

    Raises:
        Rejected: one cannot; the message says which, and what to give.
    """
    _refuse_others(settings)
    _refuse_misfits(settings)
    key: object = settings.get("guard_key", "x" * KEY_CHARS_MIN)
    if not isinstance(key, str) or len(key.strip()) < KEY_CHARS_MIN:
        # What it is stands nowhere: it is a secret, and may be most of the right one.
        raise Rejected(f"guard_key is a text of {KEY_CHARS_MIN} random characters or more.")
    _check_audit(settings)
    durability = settings.get("durability", "sync")
    if durability not in get_args(Durability):
        raise Rejected(f"There is no durability {durability!r}; choose 'sync' or 'wal'.")
    if settings.get("concurrency", 1) < 1:
        raise Rejected("At least one effect must be able to run: concurrency is 1 or more.")
    checked_guards(settings.get("guards", ()), "The process")
    for fault in faults_of_rules("policy", settings.get("policy", ())):
        raise Rejected(f"The process has {fault}")
    pools_of(settings.get("pools"))
    _check_serves(settings)
    refuse_reserved(settings.get("models", {}))
    cache_of(settings)


def _refuse_others(settings: Settings) -> None:
    for name in settings:
        if name not in Settings.__annotations__:
            raise Rejected(
                f"A database is not opened with {name!r}. {meant(name, Settings.__annotations__)}"
            )


def _refuse_misfits(settings: Settings) -> None:
    given: dict[str, object] = {**settings}
    for name in ("models", "routes", "code", "tools"):
        if not isinstance(given.get(name, {}), Mapping):
            raise Rejected(f"{name} is an object of names and values, found {given[name]!r:.60}.")
    for provider, model in settings.get("models", {}).items():
        if not callable(getattr(model, "answer", None)):
            raise Rejected(f"models={{{provider!r}: {model!r:.60}}} is no model: it cannot answer.")
    for name, method in (("memory", "recall"), ("embedder", "embed")):
        if name in given and not callable(getattr(given[name], method, None)):
            raise Rejected(f"{name}={given[name]!r:.60} is none: it has no method {method!r}.")


def _check_serves(settings: Settings) -> None:
    serves: object = settings.get("serves")
    if serves is None:
        return
    if isinstance(serves, str) or not isinstance(serves, Sequence):
        raise Rejected(f"serves is a list of names of pools; found {serves!r:.60}.")
    for name in serves:
        if fault_of_name(name):
            raise Rejected(f"serves has {name!r:.60}, which {fault_of_name(name)}.")


def _check_audit(settings: Settings) -> None:
    audit: object = settings.get("audit", True)
    if isinstance(audit, Audit):
        audit.check()
    elif not isinstance(audit, bool):
        raise Rejected(f"audit is tenuto.Audit(…), True or False; found {audit!r:.60}.")


def cache_of(settings: Settings) -> Cache | None:
    """Return how answers are kept to be given again; None: they are not.

    Raises:
        Rejected: it is no `Cache`, or one that cannot be.
    """
    given: object = settings.get("cache", True)
    if given is False:
        return None
    if given is True:
        return Cache()
    if not isinstance(given, Cache):
        raise Rejected(f"cache is tenuto.Cache(…), True or False; found {given!r:.60}.")
    given.check()
    return given
