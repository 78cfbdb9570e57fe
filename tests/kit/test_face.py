"""What `tenuto.testing` shows, and that it loads no more than is asked for."""

import subprocess
import sys

import pytest

import tenuto.testing


def test_every_name_is_there() -> None:
    for name in tenuto.testing.__all__:
        assert getattr(tenuto.testing, name).__name__ == name
    assert dir(tenuto.testing) == sorted(tenuto.testing.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'MagicLLM'"):
        _ = tenuto.testing.MagicLLM


def test_the_simulation_is_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys, tenuto.testing as t; t.MockLLM\n"
        "assert 'tenuto.testing.simulation' not in sys.modules\n"
        "t.simulate\n"
        "assert 'tenuto.testing.simulation' in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
