"""What is said about a tool by name is checked by name."""

from collections.abc import Mapping

import tenuto


def refuse_others(tool: str, options: Mapping[str, object], known: type) -> None:
    """Check that each option is one of those that the TypedDict `known` lists.

    Raises:
        Rejected: one is not.
    """
    names = known.__annotations__
    for option in options:
        if option not in names:
            raise tenuto.Rejected(
                f"The tool {tool!r} has no option {option!r}; there are: {', '.join(names)}."
            )
