"""Expressions by the C++ implementation of CEL, `cel-expr-python`. May import `core`, `ports`."""

from tenuto.adapters.cel.expressions import CelExpressions

__all__ = ["CelExpressions"]
