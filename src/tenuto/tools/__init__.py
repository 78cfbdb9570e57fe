"""Tools ready to use, on the public face `tenuto` alone: each name below is a factory of tools."""

from tenuto.tools.web import http

__all__ = ["http"]
