"""Uploaded documents and the collections over them, in the schema: what all who share it find."""
