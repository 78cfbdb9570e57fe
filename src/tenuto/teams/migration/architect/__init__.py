"""From what a database holds to a plan for another system; plans only, and touches no database."""

from tenuto.teams.migration.architect.amending import amended, summary
from tenuto.teams.migration.architect.making import NothingToMove, make_plan
from tenuto.teams.migration.architect.options import Options

__all__ = ["NothingToMove", "Options", "amended", "make_plan", "summary"]
