"""Rows of the tables that users query, as pure folds; see `core.tables`."""
