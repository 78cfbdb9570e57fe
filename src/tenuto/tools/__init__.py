"""Tools ready to use, on the public face `tenuto` alone: each name below is a factory of tools."""

from tenuto.tools.databases import sql
from tenuto.tools.documents import search
from tenuto.tools.folders import files, files_list, files_read, files_search, files_write
from tenuto.tools.people import notify
from tenuto.tools.sandboxed import program, python
from tenuto.tools.web import http

__all__ = [
    "files",
    "files_list",
    "files_read",
    "files_search",
    "files_write",
    "http",
    "notify",
    "program",
    "python",
    "search",
    "sql",
]
