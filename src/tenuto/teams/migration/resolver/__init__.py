"""Settles what a plan leaves in doubt: picks by rules what can be picked, asks people for the rest,
and puts their answers into the plan."""

from tenuto.teams.migration.resolver.asking import BadAnswer
from tenuto.teams.migration.resolver.resolving import resolve

__all__ = ["BadAnswer", "resolve"]
