"""What a source holds and what it means, by schema, data and names; reads only."""

from tenuto.teams.migration.scout.survey import survey
from tenuto.teams.migration.scout.telling import diagram, markdown

__all__ = ["diagram", "markdown", "survey"]
