"""The statements by which a target gets its shape: before its rows come, and after."""

from tenuto.teams.migration.ddl.making import finish, prepare
from tenuto.teams.migration.ddl.statements import Statement

__all__ = ["Statement", "finish", "prepare"]
