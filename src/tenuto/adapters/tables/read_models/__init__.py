"""Read models, in tables that are kept from events."""

from tenuto.adapters.tables.read_models.read_models import TableReadModels

__all__ = ["TableReadModels"]
