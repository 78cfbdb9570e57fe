"""What organisations keep to be started: workflows and agents."""

from tenuto.sdk.runtime import Runtime
from tenuto.server.registry.agents import Agents
from tenuto.server.registry.metrics import Metrics
from tenuto.server.registry.offered import Parts
from tenuto.server.registry.workflows import Workflows


class Registry:
    """Both registries, over one ledger."""

    def __init__(self, parts: Parts, runtime: Runtime) -> None:
        self.workflows = Workflows(parts)
        self.agents = Agents(parts)
        self.documents, self.offered = parts.documents, parts.offered
        self.allowed = parts.allowed
        self.metrics = Metrics(runtime, parts.clock)
