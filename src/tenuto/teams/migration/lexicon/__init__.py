"""What the names of tables and columns say, in English, German, Spanish and French."""

from tenuto.teams.migration.lexicon.naming import Said, said_by

__all__ = ["Said", "said_by"]
