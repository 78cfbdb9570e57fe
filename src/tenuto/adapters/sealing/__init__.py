"""Sealing with AES-SIV by the `cryptography` library; may import `core`, `ports`.

Needs the extra `guards`, which is loaded with the first text."""

from tenuto.adapters.sealing.aes_siv import KEY_VARIABLE, AesSivSealing

__all__ = ["KEY_VARIABLE", "AesSivSealing"]
