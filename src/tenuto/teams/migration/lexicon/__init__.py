"""What the names of tables and columns say, in English, German, Spanish and French."""

from tenuto.teams.migration.lexicon.naming import Said, guessed, said_by

__all__ = ["Said", "guessed", "said_by"]
