"""A plan onto a target that is there already."""


def plan_onto() -> None: ...
