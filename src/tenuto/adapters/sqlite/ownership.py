"""One process owns a store's file: an advisory lock on a file beside it, gone with the process."""

import fcntl
import os
import time

from tenuto.core.errors import StoreOwned, StoreUnavailable


class Ownership:
    """The lock on `<file>.lock`, held until `release`.

    The lock file stays when it is released: removing it would let two processes lock two files of
    one name."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, file: str) -> "Ownership":
        """Return the ownership of `file`.

        Raises:
            StoreOwned: a process has it; the message says which.
            StoreUnavailable: the lock file cannot be made.
        """
        lock = f"{file}.lock"
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreUnavailable(
                f"{lock} cannot be opened ({error.strerror}); check the permissions of its folder."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"pid {os.getpid()} since {started}\n".encode(), 0)
        except BlockingIOError:
            found = (
                os.pread(descriptor, 200, 0).decode(errors="replace").strip()
                or "a process that just began"
            )
            os.close(descriptor)
            raise StoreOwned(
                f"{file} is owned already, by {found}. Stop that process, or open the "
                "file for reading only."
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise StoreUnavailable(f"{lock} cannot be written ({error.strerror}).") from error
        return cls(descriptor)

    def release(self) -> None:
        """Give the file up; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
