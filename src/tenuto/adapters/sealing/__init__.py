"""Sealing with AES-SIV and AES-GCM by the `cryptography` library; may import `core`, `ports`.

Needs the extra `guards` or `server`, which is loaded with the first text."""

from tenuto.adapters.sealing.aes_gcm import AesGcmSafe
from tenuto.adapters.sealing.aes_siv import KEY_VARIABLE, AesSivSealing
from tenuto.adapters.sealing.key_file import KeyFile

__all__ = ["KEY_VARIABLE", "AesGcmSafe", "AesSivSealing", "KeyFile"]
