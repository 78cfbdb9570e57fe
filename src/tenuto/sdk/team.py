"""A team: a whole job that can be run by name, found by the entry point group `tenuto.teams`."""

import msgspec

from tenuto.sdk.workflow import Workflow


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """What a package of agents, tools and workflows offers to run."""

    name: str
    description: str
    workflow: Workflow
