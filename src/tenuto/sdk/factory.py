"""Tools made to measure: functions that return tools, and how another process makes them again.

A tool that a factory made has no place of its own in a module. Its name is therefore the factory's
place and the arguments, as `tenuto.tools.http:http({"allow":["example.org"]})`: whoever reads that
in a definition, in another process or another year, can make the same tool.
"""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, ParamSpec
from weakref import WeakValueDictionary

import msgspec

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import Json
from tenuto.runtime.code import MAKES_TOOLS
from tenuto.runtime.json_values import NotJson, to_json
from tenuto.sdk.refs import ref_of
from tenuto.sdk.tool import Tool

P = ParamSpec("P")


def tool_factory(function: Callable[P, Tool], /) -> Callable[P, Tool]:
    """Return `function`, whose tools can be made again by any process that finds its name.

    The arguments become part of the tool's name and so of every definition that uses it: they are
    JSON, paths, or functions that can be imported; never a secret. Equal arguments give the same
    tool. In YAML a tool is named as `shop.tools:lookup({"table": "orders"})`.

    Raises:
        DefinitionError: `function` cannot be imported by its name; when called: an argument is
            none of these.

    Example:
        @tenuto.tool_factory
        def lookup(table: str) -> tenuto.Tool:
            def find(key: str) -> dict:
                '''Find a row.'''
                return rows(table, key)
            return tenuto.Tool(find)
    """
    place, parameters = ref_of(function), signature(function)
    if "<" in place:
        message = f"{place!r} cannot be imported, so it makes no tools for other processes."
        raise DefinitionError([Problem(message=message, hint="Define it at the top of a module.")])
    made: WeakValueDictionary[str, Tool] = WeakValueDictionary()

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Tool:
        given = _flat(parameters, parameters.bind(*args, **kwargs).arguments)
        ref = f"{place}({_written(place, parameters, given)})"
        tool = made.get(ref)
        if tool is None:
            found: object = function(*args, **kwargs)
            if not isinstance(found, Tool):
                message = f"{place!r} made no tool: {found!r:.80}."
                raise DefinitionError([Problem(message=message, hint="Return a tenuto.Tool.")])
            tool = found
            tool.ref = ref
            made[ref] = tool
        return tool

    setattr(make, MAKES_TOOLS, True)
    return make


def _flat(parameters: Signature, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return each argument by its own name, those of `**options` too."""
    flat: dict[str, Any] = {}
    for name, value in given.items():
        if parameters.parameters[name].kind is Parameter.VAR_KEYWORD:
            flat |= value
        else:
            flat[name] = value
    return flat


def _written(place: str, parameters: Signature, given: Mapping[str, Any]) -> str:
    """Return the arguments as JSON, without those that are as by default."""
    plain: dict[str, Json] = {}
    for name, value in given.items():
        try:
            found = to_json(_named(value))
        except NotJson as error:
            message = f"{place!r} was given {name}={value!r:.60}, which no definition can hold."
            raise DefinitionError([Problem(message=f"{message} {error}")]) from None
        known = parameters.parameters.get(name)
        default = Signature.empty if known is None else known.default
        if default is Signature.empty or found != to_json(_named(default)):
            plain[name] = found
    return msgspec.json.encode(plain, order="sorted").decode()


def _named(value: Any) -> Any:
    """Return functions as their names, and paths as text."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return [_named(item) for item in value]
    if isinstance(value, msgspec.Struct) or not callable(value):
        return value
    ref = ref_of(value)
    if "<" in ref:
        message = f"The function {ref!r} cannot be imported by another process."
        raise DefinitionError([Problem(message=message, hint="Define it at the top of a module.")])
    return ref
