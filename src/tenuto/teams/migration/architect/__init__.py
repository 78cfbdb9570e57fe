"""From what a database holds to a plan for another system; plans only, and touches no database."""

from tenuto.teams.migration.architect.making import make_plan
from tenuto.teams.migration.architect.options import Options

__all__ = ["Options", "make_plan"]
