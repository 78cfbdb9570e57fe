"""What organisations keep to be started: workflows and agents."""

from tenuto.server.registry.agents import Agents
from tenuto.server.registry.offered import Parts
from tenuto.server.registry.workflows import Workflows


class Registry:
    """Both registries, over one ledger."""

    def __init__(self, parts: Parts) -> None:
        self.workflows = Workflows(parts)
        self.agents = Agents(parts)
        self.documents, self.offered = parts.documents, parts.offered
        self.allowed = parts.allowed
