"""Rails of NeMo Guardrails as a guard; may import `core`, `ports`.

Needs the extra `nemo`, which is loaded with the first value: some 3 s, and 300 MB on disk."""

from tenuto.adapters.nemo.rails import NemoRails

__all__ = ["NemoRails"]
