"""Signatures are those of Standard Webhooks, and deliveries that fail wait longer each time."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.webhooks.retrying import ASKED_S_MAX, DELAYS_S, JITTER, delay_ms
from tenuto.core.webhooks.signing import TOLERANCE_S, headers_of, is_signed, secret_of

KEY = bytes(range(32))
SECRET = secret_of(KEY)


def test_the_example_of_the_specification_has_its_signature() -> None:
    headers = headers_of(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_s=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=100), st.text("abc_0", min_size=1, max_size=20), st.integers(0, 2**33))
def test_what_was_signed_is_recognised_with_either_secret_and_nothing_else_is(
    body: bytes, id: str, at: int
) -> None:
    other = secret_of(KEY[::-1])
    headers = headers_of([SECRET, other], id=id, at_s=at, body=body)

    for secret in (SECRET, other):
        assert is_signed(secret, headers=headers, body=body, now_s=at + TOLERANCE_S)
    assert not is_signed(secret_of(bytes(32)), headers=headers, body=body, now_s=at)
    assert not is_signed(SECRET, headers=headers, body=body + b"x", now_s=at)
    assert not is_signed(SECRET, headers=headers, body=body, now_s=at + TOLERANCE_S + 1)
    assert not is_signed(SECRET, headers={**headers, "webhook-id": id + "x"}, body=body, now_s=at)


def test_a_secret_is_the_key_in_base64() -> None:
    assert base64.b64decode(SECRET.removeprefix("whsec_")) == KEY


@given(st.text(max_size=30), st.integers(1, 20), st.integers(0, 10**7))
def test_a_delivery_waits_as_long_as_its_turn_says_or_the_receiver_asks(
    id: str, attempts: int, asked_s: int
) -> None:
    wait = delay_ms(id, attempts, asked_s=asked_s)

    if attempts > len(DELAYS_S):
        assert wait is None
    else:
        least = max(DELAYS_S[attempts - 1], min(asked_s, ASKED_S_MAX)) * 1000
        assert wait is not None and least <= wait <= least * (1 + JITTER) + 1
        assert wait == delay_ms(id, attempts, asked_s=asked_s)
