"""The clients of the examples work with a real server, from its first start on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.clients.servers import CLIENTS, SECONDS_MAX, serving

ANSWERS = "My parcel is broken"

DRIVER = """
import { Client } from "./client.mjs";

const client = new Client(process.argv[2], process.argv[3]);
const session = await client.start("triage", { text: "My parcel is broken" });
const seen = [];
await client.follow(session, async (name, data, id) => {
  if (name !== "event") return;
  seen.push(Number(id));
  if (data.data.kind !== "approval") return;
  for (const one of await client.asked(session)) await client.decide(session, one.task, true);
});
const { status, output } = await client.ask(`/sessions/${session}`);
let refused = "";
try { await client.start("nothing", {}); } catch (error) { refused = error.message; }
console.log(JSON.stringify({ seen, status, output, refused }));
"""


def test_the_python_client_goes_on_where_a_killed_server_left_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = subprocess.Popen(
            [sys.executable, "-u", "-W", "error", str(CLIENTS / "client.py"), ANSWERS],
            env=server.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert client.stdout is not None
        asked = ""
        while not asked.endswith("[y/n] "):
            letter = client.stdout.read(1)
            assert letter, client.communicate()[1]
            asked += letter
        server.end(kill=True)
        server.start_again()

        rest, told = client.communicate("y\n", timeout=SECONDS_MAX)

        assert client.returncode == 0, told
        *events, output = (asked.partition("Pay the order")[0] + rest).splitlines()
        assert [int(line.split()[0]) for line in events] == list(range(1, len(events) + 1))
        assert events[-1].split()[1] == "SessionCompleted"
        assert json.loads(output)["settled"] is True


def test_the_curl_client_goes_from_start_to_end(tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("there is no curl here")
    with serving(tmp_path) as server:
        done = subprocess.run(
            [str(CLIENTS / "client.sh"), ANSWERS],
            env=server.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert "approved task" in done.stdout
        assert "'settled': True" in done.stdout

        wrong = subprocess.run(
            [str(CLIENTS / "client.sh")],
            env={**server.environment, "TENUTO_KEY": "tnt_wrong"},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert wrong.returncode != 0


@pytest.mark.skipif(not shutil.which("node"), reason="there is no JavaScript here")
def test_the_module_of_the_page_goes_from_start_to_end(tmp_path: Path) -> None:
    shutil.copy(CLIENTS / "browser" / "client.js", tmp_path / "client.mjs")
    (tmp_path / "driver.mjs").write_text(DRIVER, "utf-8")
    with serving(tmp_path) as server:
        done = subprocess.run(
            ["node", "driver.mjs", server.address, server.key],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["seen"] == list(range(1, len(told["seen"]) + 1))
    assert told["status"] == "completed" and told["output"]["settled"] is True
    assert "nothing" in told["refused"]


@pytest.mark.skipif(not shutil.which("node"), reason="there is no JavaScript here")
def test_the_script_of_the_page_is_one_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    script = tmp_path / "page.mjs"
    shutil.copy(CLIENTS / "browser" / "page.js", script)

    parsed = subprocess.run(
        ["node", "--check", str(script)], capture_output=True, text=True, timeout=30, check=False
    )

    assert parsed.returncode == 0, parsed.stderr
    page = (CLIENTS / "browser" / "index.html").read_text("utf-8")
    assert 'src="page.js"' in page and 'src="http' not in page
    assert "innerHTML" not in script.read_text("utf-8")
