"""Whether a sandbox is one: a program within it looks around, and says what it sees."""

from typing import Final

from tenuto.ports.sandbox import SandboxLimits, SandboxResult

PROBE: Final = r"""
echo tenuto
for place in /home /root /etc/passwd; do [ -e $place ] && echo "it sees $place"; done
(echo x >/x || echo x >/usr/x || echo x >/dev/x) 2>/dev/null && echo 'its root can be written'
for place in /tmp /work; do
  (echo x >$place/probe && rm $place/probe) 2>/dev/null || echo "$place cannot be written"
done
grep -q -v -e ' lo:' -e '|' /proc/net/dev && echo 'it has a network'
cat /proc/1/environ | tr '\0' '\n' | grep -q -v -e '^PATH=' && echo 'it sees an environment'
for limit in 'cpu time' 'address space' processes 'file size'; do
  grep "^Max $limit" /proc/self/limits | grep -q 'unlimited  *unlimited' && echo "no limit: $limit"
done
echo done
"""
"""Silent but for its first and last line when all is well."""

_HINTS: Final = (
    ("Unknown option", "Install bubblewrap 0.8 or newer."),
    (
        "amespace",
        (
            "Allow user namespaces: see kernel.unprivileged_userns_clone, "
            "user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns of sysctl, "
            "or, in a container, its seccomp profile."
        ),
    ),
    ("setting up uid map", "Allow user namespaces: in a container, see its security profile."),
    ("prlimit", "Install the system package util-linux."),
)


def fault_of_probe(result: SandboxResult) -> str:
    """Return what is wrong with the sandbox in which the probe gave `result`, or nothing."""
    lines = result.output.split("\n")
    if lines[:1] != ["tenuto"]:
        said = result.error.strip().split("\n")[-1] or f"it ended with {result.exit_code}"
        return f"bwrap says {said!r:.300}"
    if result.stopped or lines[-2:] != ["done", ""]:
        return (
            f"a program within it did not come to its end within {SandboxLimits().wall_ms_max} ms"
        )
    seen = [line for line in lines[1:-2] if line]
    return f"a program within it is not confined: {'; '.join(seen)}"[:300] if seen else ""


def hint_for(fault: str) -> str:
    """Return what to do about it."""
    for said, hint in _HINTS:
        if said in fault:
            return hint
    return "Try it by hand: bwrap --unshare-all --ro-bind / / true."
