"""The line does each thing that it says, and nothing else."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.faulty_line import RESET, End, FaultyLine

SECONDS_MAX = 10


@pytest.fixture
def ends() -> Iterator[tuple[FaultyLine, socket.socket, socket.socket]]:
    """Give a line, and the client's and the server's end of a connection through it."""
    with (
        listening() as server,
        FaultyLine(server.getsockname()[1]) as line,
        client_of(line) as client,
        accepted(server) as there,
    ):
        yield line, client, there


Ends = tuple[FaultyLine, socket.socket, socket.socket]


def test_a_line_without_faults_carries_both_ways_and_tells_each_end(ends: Ends) -> None:
    line, client, server = ends

    client.sendall(b"question" * 100_000)
    client.shutdown(socket.SHUT_WR)
    question = received(server)
    server.sendall(b"answer")
    server.close()

    assert question == b"question" * 100_000
    assert received(client) == b"answer"
    wait_until(lambda: line.connection_count == 0)


def test_the_reset_of_one_end_is_a_reset_for_the_other(ends: Ends) -> None:
    _, client, server = ends
    linger(server)

    server.close()

    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_cut_resets_both_ends(ends: Ends) -> None:
    line, client, server = ends

    line.cut()

    for end in (client, server):
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    assert line.connection_count == 0


def test_after_a_cut_the_next_connection_is_whole() -> None:
    with listening() as server, FaultyLine(server.getsockname()[1]) as line:
        with client_of(line), accepted(server):
            line.cut()

        with client_of(line) as client, accepted(server) as there:
            client.sendall(b"again")
            assert there.recv(10) == b"again"


def test_a_line_that_refuses_takes_no_connection_until_it_resumes_on_the_same_port() -> None:
    with listening() as server, FaultyLine(server.getsockname()[1]) as line:
        with client_of(line) as client, accepted(server):
            line.refuse()

            with pytest.raises(ConnectionResetError):
                client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            client_of(line)

        line.resume()

        with client_of(line) as client, accepted(server) as there:
            client.sendall(b"again")
            assert there.recv(10) == b"again"


@pytest.mark.parametrize("count", [1, 7, 100_000])
def test_a_line_ends_after_so_many_bytes_to_the_client_and_resets_the_server(
    count: int, ends: Ends
) -> None:
    line, client, server = ends
    line.cut_after(count, to="client")

    with contextlib.suppress(ConnectionError):
        server.sendall(b"x" * 300_000)

    assert received(client) == b"x" * count
    with pytest.raises(ConnectionError):
        while True:
            server.sendall(b"x" * 65_536)


def test_a_line_ends_after_so_many_bytes_to_the_server_and_resets_the_client(ends: Ends) -> None:
    line, client, server = ends
    line.cut_after(3, to="server")

    client.sendall(b"question")

    assert received(server) == b"que"
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_bytes_the_other_way_do_not_count(ends: Ends) -> None:
    line, client, server = ends
    line.cut_after(3, to="server")

    server.sendall(b"answer")

    assert client.recv(10) == b"answer"


@pytest.mark.slow
def test_a_delay_holds_each_piece_back_and_keeps_the_order(ends: Ends) -> None:
    line, client, server = ends
    line.delay(0.2, to="server")

    began = time.monotonic()
    client.sendall(b"first ")
    client.sendall(b"second")
    client.shutdown(socket.SHUT_WR)
    arrived = received(server)

    assert arrived == b"first second"
    assert time.monotonic() - began >= 0.2


def test_a_black_hole_holds_back_bytes_and_ends_until_it_resumes(ends: Ends) -> None:
    line, client, server = ends
    line.black_hole()

    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    line.wait_held(to="server")
    nothing_comes(server)
    line.resume()

    assert received(server) == b"question"


def test_a_black_hole_one_way_lets_the_other_pass_and_what_it_holds_is_lost_by_a_cut(
    ends: Ends,
) -> None:
    line, client, server = ends
    line.black_hole(to="client")

    client.sendall(b"commit")
    assert server.recv(10) == b"commit"
    server.sendall(b"committed")
    line.wait_held(to="client")
    line.cut()
    line.resume()

    with pytest.raises(ConnectionResetError):
        client.recv(10)


def test_a_black_hole_takes_new_connections_and_does_not_answer_them() -> None:
    with listening() as server, FaultyLine(server.getsockname()[1]) as line:
        line.black_hole()

        with client_of(line) as client, accepted(server) as there:
            client.sendall(b"hello")
            line.wait_held(to="server")
            nothing_comes(there)


def test_nothing_held_is_told_as_such(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    line, _, _ = ends
    monkeypatch.setattr("tests.faulty_line.SECONDS_MAX", 0.01)

    with pytest.raises(TimeoutError, match="Nothing was sent to the server"):
        line.wait_held(to="server")


@pytest.mark.parametrize("to", ["client", "server"])
def test_half_closed_one_end_hears_no_more_and_is_still_heard(to: End, ends: Ends) -> None:
    line, client, server = ends
    deaf, other = (client, server) if to == "client" else (server, client)

    line.half_close(to=to)
    other.sendall(b"not heard")
    deaf.sendall(b"heard")

    assert received(deaf) == b""
    assert other.recv(10) == b"heard"


def test_where_no_server_is_the_client_is_reset() -> None:
    with listening() as server:
        port = server.getsockname()[1]
    # Told perhaps while it connects yet.
    with FaultyLine(port) as line, pytest.raises(ConnectionResetError), client_of(line) as client:
        client.recv(1)


def test_an_address_leads_through_the_line_with_its_login_and_its_parameters() -> None:
    with FaultyLine(5432) as line:
        led = line.leading("postgresql://ann:secret@db.example:5432/notes?sslmode=disable")

    assert led == f"postgresql://ann:secret@127.0.0.1:{line.port}/notes?sslmode=disable"


def test_nothing_of_a_line_stays(ends: Ends) -> None:
    threads = threading.active_count()

    with FaultyLine(ends[0].port) as line, client_of(line) as client:
        client.sendall(b"question")
        ends[0].black_hole()

    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError):
        client_of(line)


def listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    made.settimeout(SECONDS_MAX)
    return made


def client_of(line: FaultyLine) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), SECONDS_MAX)


def accepted(server: socket.socket) -> socket.socket:
    made, _ = server.accept()
    made.settimeout(SECONDS_MAX)
    return made


def received(end: socket.socket) -> bytes:
    """Return all that comes until the end."""
    return b"".join(iter(lambda: end.recv(65_536), b""))


def nothing_comes(end: socket.socket) -> None:
    end.setblocking(False)
    with pytest.raises(BlockingIOError):
        end.recv(1)
    end.settimeout(SECONDS_MAX)


def linger(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)
