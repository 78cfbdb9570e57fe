"""Snippets of Python in Monty, an interpreter that can reach nothing; may import `core`, `ports`.

Needs the extra `monty`, which is loaded with the first snippet."""

from tenuto.adapters.monty.sandbox import MontySandbox

__all__ = ["MontySandbox"]
