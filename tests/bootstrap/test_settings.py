"""Settings: what `tenuto.open` cannot use is refused before anything is opened."""

from typing import Any

import pytest

import tenuto
from tenuto import Workflow
from tenuto.bootstrap.settings import check_settings
from tenuto.core.errors import Rejected
from tenuto.testing import MockLLM


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"polcy": []}, "A database is not opened with 'polcy'. Did you mean 'policy'?"),
        ({"tools": ["shop"]}, "tools is an object of names and values, found ['shop']."),
        ({"models": {"x": 5}}, "models={'x': 5} is no model: it cannot answer."),
        ({"memory": 5}, "memory=5 is none: it has no method 'recall'."),
        ({"embedder": 5}, "embedder=5 is none: it has no method 'embed'."),
        ({"pools": 5}, "pools is a list of tenuto.Pool(…), or a file of them; found 5."),
        ({"serves": "gpu"}, "serves is a list of names of pools; found 'gpu'."),
        ({"serves": ["a b"]}, "serves has 'a b', which is no name of a pool"),
        ({"policy": [{"effect": "deny"}]}, "which is no PermissionRule."),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(settings: Any, told: str) -> None:
    with pytest.raises(Rejected) as refused:
        check_settings(settings)

    assert told in str(refused.value)


def test_a_script_says_for_whom_its_session_is() -> None:
    agent = tenuto.Agent("clerk", model="mock")
    flow = Workflow("desk").node("work", agent=agent)
    model = MockLLM(["Done."])

    tenuto.run(flow, models={"mock": model}, user="ada", tenant="acme")

    assert [(request.user, request.tenant) for request in model.requests] == [("ada", "acme")]
