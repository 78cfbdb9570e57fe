"""Programs that try to get out, to see what is none of theirs, or to take all there is."""

import asyncio
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tenuto.adapters.bubblewrap import BubblewrapSandbox
from tenuto.ports.sandbox import SandboxLimits, SandboxResult
from tests.bwrap import needs_bwrap

pytestmark = needs_bwrap

LIMITS = SandboxLimits(
    cpu_ms_max=1_000,
    wall_ms_max=3_000,
    memory_bytes_max=128 * 1024 * 1024,
    output_bytes_max=10_000,
    file_bytes_max=1024 * 1024,
    processes_max=8,
)
SECRET = "tenuto-secret-5c1e"


def sh(script: str, *arguments: str, **parts: Any) -> SandboxResult:
    run = BubblewrapSandbox().run(["sh", "-c", script, "sh", *arguments], limits=LIMITS, **parts)
    return asyncio.run(run)


def python(script: str) -> SandboxResult:
    run = BubblewrapSandbox().run(["python3", "-c", script], limits=LIMITS)
    result = asyncio.run(run)
    assert result.exit_code != 127, "the tests need a python3 below /usr"
    return result


def moment(number: int) -> str:
    """Return a number of seconds that no other run of these tests sleeps."""
    return f"112{number}.{os.getpid()}"


def alive(mark: str) -> list[str]:
    """Return the command lines of the host's processes that hold `mark`."""
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if mark in line:
            lines.append(line)
    return lines


def left(mark: str) -> list[str]:
    """Return what is still alive a second later: bubblewrap tells how its program ended before the
    kernel is done with the other processes of its namespace."""
    until_s = time.monotonic() + 1
    while (found := alive(mark)) and time.monotonic() < until_s:
        time.sleep(0.01)
    return found


def test_files_of_the_host_are_not_there(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.txt"
    hidden.write_text(SECRET)
    places = [str(hidden), "/etc/shadow", "/etc/passwd", "/etc/hosts", str(Path(__file__))]

    for place in [*places, f"/proc/1/root{hidden}", f"/proc/self/root{hidden}"]:
        result = sh('cat "$1"', place)
        assert (result.output, result.exit_code) == ("", 1), place


def test_no_folder_of_the_host_is_listed_but_the_systems_own() -> None:
    seen = set(sh("ls -A / /home /root /mnt /var /opt 2>/dev/null").output.split())

    assert seen - {"/:"} <= {
        *("bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin"),
        *("tmp", "usr", "work"),
    }


def test_the_environment_of_the_host_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)

    result = sh("env; cat /proc/*/environ | tr '\\0' '\\n'")

    assert "PATH=/usr/local/bin:/usr/bin:/bin" in result.output
    assert SECRET not in result.output + result.error
    assert "SHOP_TOKEN" not in result.output


def test_nothing_outside_its_own_folders_can_be_written() -> None:
    places = "/ /usr /usr/bin /etc /dev /run /bin /proc /proc/sys"

    assert sh(f'for place in {places}; do : >"$place/x" && echo $place; done').output == ""


def test_the_loopback_of_the_host_is_out_of_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = python(
            f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=1)"
        )

    assert "ConnectionRefusedError" in result.error


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_sockets_without_a_file_are_out_of_reach_too() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0tenuto-escape")
        server.listen()
        result = python("import socket; socket.socket(socket.AF_UNIX).connect('\\0tenuto-escape')")

    assert "ConnectionRefusedError" in result.error


def test_no_address_outside_can_be_reached() -> None:
    result = python("import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)")

    assert "unreachable" in result.error


def test_a_fork_bomb_ends_with_the_sandbox() -> None:
    mark = moment(3)

    result = sh(f"n=0; while [ $n -lt 100 ]; do sleep {mark} & n=$((n+1)); done; wait")

    assert "Cannot fork" in result.error
    assert left(mark) == []


def test_a_bomb_that_forks_as_fast_as_it_can_leaves_the_host_alone() -> None:
    result = python(
        "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass  # fork-bomb-5c1e"
    )

    assert result.stopped or result.exit_code
    assert left("fork-bomb-5c1e") == []


def test_memory_is_bounded() -> None:
    result = python("x = bytearray(1024 * 1024 * 1024); print(len(x))")

    assert "MemoryError" in result.error
    assert result.output == ""


def test_memory_under_the_name_of_files_is_bounded() -> None:
    script = (
        "for d in /work /tmp /dev/shm; do n=0; while [ $n -lt 64 ]; do "
        "head -c 500000 /dev/zero >$d/$n 2>/dev/null || break; n=$((n+1)); done; "
        "du -sk $d | cut -f1; done"
    )

    sizes = [int(line) for line in sh(script).output.split()]

    assert len(sizes) == 3
    assert max(sizes) <= 1_100


def test_processes_left_in_the_background_are_gone() -> None:
    for mark, script in {
        moment(4): f"sleep {moment(4)} & echo bye",
        moment(5): f"setsid nohup sleep {moment(5)} >/dev/null 2>&1 </dev/null & echo bye",
        moment(6): f"(trap '' HUP TERM INT; sleep {moment(6)}) & echo bye",
    }.items():
        result = sh(script)
        assert (result.output, result.stopped) == ("bye\n", ""), script
        assert result.wall_ms < LIMITS.wall_ms_max
        assert left(mark) == []


def test_what_runs_into_the_time_limit_is_gone_with_all_its_children() -> None:
    result = sh(f"setsid sleep {moment(7)} & (sleep {moment(7)} & sleep {moment(7)})")

    assert result.stopped == "wall_time"
    assert left(moment(7)) == []


def test_who_is_not_wanted_any_more_is_gone() -> None:
    async def main() -> None:
        run = asyncio.create_task(BubblewrapSandbox().run(["sleep", moment(8)], limits=LIMITS))
        while not run.done() and not alive(f"sleep {moment(8)}"):
            await asyncio.wait([run], timeout=0.02)
        run.cancel()
        await asyncio.wait([run])

    asyncio.run(main())

    assert left(moment(8)) == []


def test_who_is_not_wanted_from_the_start_is_gone_too() -> None:
    """At every moment of the start: before there is a process, while it sets things up, after."""

    async def main() -> None:
        for moments in range(40):
            run = asyncio.create_task(BubblewrapSandbox().run(["sleep", moment(9)], limits=LIMITS))
            for _ in range(moments):
                await asyncio.sleep(0)
            run.cancel()
            await asyncio.wait([run], timeout=30)
            assert run.cancelled()

    asyncio.run(main())

    assert left(moment(9)) == []


def test_killing_all_that_it_sees_kills_nobody_else() -> None:
    result = sh(f"kill -9 {os.getpid()} {os.getppid()} 2>&1; kill -9 -1 1; kill -9 $PPID; echo x")

    assert result.exit_code in (0, 137)
    assert asyncio.run(BubblewrapSandbox().run(["echo", "here"], limits=LIMITS)).output == "here\n"


def test_other_processes_of_the_host_are_not_seen() -> None:
    pids = [int(part) for part in sh("ls /proc | grep '^[0-9]'").output.split()]

    assert len(pids) < 10


def test_more_rights_cannot_be_had() -> None:
    for script in ("unshare -U true", "unshare -n true", "mount -t tmpfs x /tmp", "chroot / true"):
        assert sh(script).exit_code != 0, script
    assert "CapEff:\t0000000000000000" in sh("cat /proc/self/status").output
    assert "NoNewPrivs:\t1" in sh("cat /proc/self/status").output


def test_links_lead_to_nothing_of_the_host(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.txt"
    hidden.write_text(SECRET)

    result = sh(
        'ln -s "$1" a; ln -s "$(dirname "$1")" d; cat a; echo y >d/new',
        str(hidden),
        keep=["a", "d/hidden.txt", "d/new"],
    )

    assert result.files == {}
    assert SECRET not in result.output
    assert [place.name for place in tmp_path.iterdir()] == ["hidden.txt"]


def test_forged_answers_about_kept_files_are_no_more_than_wrong_files() -> None:
    forge = (
        "for n in 0 1 2 3; do echo 99999999999999 >/proc/$PPID/fd/$n; done 2>/dev/null; echo z >f"
    )

    result = sh(forge, keep=["f", "g"])

    assert set(result.files) <= {"f"}
    assert result.exit_code == 0


def test_kept_files_are_bounded() -> None:
    result = sh("head -c 900000 /dev/zero >a; cp a b 2>/dev/null", keep=["a", "b"])

    assert len(result.files.get("a", b"")) == 900_000
    assert sum(map(len, result.files.values())) <= LIMITS.file_bytes_max
