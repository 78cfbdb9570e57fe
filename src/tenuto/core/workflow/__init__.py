"""The workflow definition, validated and compiled once; may import the core only."""
