"""Every sandbox passes the suite of its kind."""

from tenuto.adapters.bubblewrap import BubblewrapSandbox
from tenuto.adapters.monty import MontySandbox
from tenuto.ports.sandbox import ProgramSandbox, SnippetSandbox
from tenuto.testing.contracts import ProgramSandboxContract, SnippetSandboxContract
from tests.bwrap import needs_bwrap


class TestMonty(SnippetSandboxContract):
    def make_sandbox(self) -> SnippetSandbox:
        return MontySandbox()


@needs_bwrap
class TestBubblewrap(ProgramSandboxContract):
    def make_sandbox(self) -> ProgramSandbox:
        return BubblewrapSandbox()
