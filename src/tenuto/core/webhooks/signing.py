"""Signatures of webhooks. Source: the Standard Webhooks specification 1.0."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""The specification asks for 24 to 64."""
TOLERANCE_S: Final = 300
"""How far a message's time may be from the receiver's."""


def secret_of(key: bytes) -> str:
    """Return the secret that a receiver is given for a key."""
    assert 24 <= len(key) <= 64, "a key of a webhook has 24 to 64 bytes"
    return PREFIX + base64.b64encode(key).decode()


def headers_of(secrets: Sequence[str], *, id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign `body`: one signature for each secret, the newest first."""
    signed = " ".join(_signature(secret, id=id, at_s=at_s, body=body) for secret in secrets)
    return {"webhook-id": id, "webhook-timestamp": str(at_s), "webhook-signature": signed}


def is_signed(secret: str, *, headers: dict[str, str], body: bytes, now_s: int) -> bool:
    """Return whether a message was signed with the secret, and not too long ago. For receivers."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not at.isdecimal() or abs(now_s - int(at)) > TOLERANCE_S:
        return False
    wanted = _signature(secret, id=id, at_s=int(at), body=body).encode()
    signed = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(one, wanted) for one in signed)


def _signature(secret: str, *, id: str, at_s: int, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("A secret of a webhook is whsec_ and base64.") from None
    content = f"{id}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
