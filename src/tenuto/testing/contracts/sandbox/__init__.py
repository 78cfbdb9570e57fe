"""What every sandbox must do, in the words of `tenuto.ports.sandbox`."""

from tenuto.testing.contracts.sandbox.programs import ProgramSandboxContract
from tenuto.testing.contracts.sandbox.snippets import SnippetSandboxContract

__all__ = ["ProgramSandboxContract", "SnippetSandboxContract"]
