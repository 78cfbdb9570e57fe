"""A team that moves a database to another system, and proves it; may import the face only."""

from tenuto.teams.migration.flow import migration_workflow, team

__all__ = ["migration_workflow", "team"]
