"""Finds for each column of a target that is there already what it is made of in the source: by
names in four languages, types, meanings, values and keys. Needs rapidfuzz and scipy, and no model.
"""

from tenuto.teams.migration.matching.existing import planned_onto
from tenuto.teams.migration.matching.matcher import Match, Matching, match
from tenuto.teams.migration.matching.onto import plan_onto

__all__ = ["Match", "Matching", "match", "plan_onto", "planned_onto"]
