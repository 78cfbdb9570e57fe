"""KORA: proof that a target behaves as its source does. May import the plan, the schema and the
port to databases."""
