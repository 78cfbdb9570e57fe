"""A team that answers a question over documents, and cites them; may import the face only."""

from tenuto.teams.research.flow import research_workflow, team

__all__ = ["research_workflow", "team"]
