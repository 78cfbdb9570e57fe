"""Read models in the file of the log."""

from tenuto.adapters.sqlite.read_models.read_models import SqliteReadModels

__all__ = ["SqliteReadModels"]
