"""Programs in namespaces of their own, by the `bwrap` program; may import `core`, `ports`.

Linux only; needs the system package `bubblewrap`."""

from tenuto.adapters.bubblewrap.sandbox import BubblewrapSandbox

__all__ = ["BubblewrapSandbox"]
