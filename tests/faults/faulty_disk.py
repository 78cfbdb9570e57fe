"""A disk that fails on demand, underneath the real SQLite.

SQLite reaches the disk through a table of functions (a VFS). This one is the system's own,
except that its write, sync and truncate can be told to fail: the n-th from now on, once or until
mended, whole or in the middle of a write. The engine above is the real one, and so is what it
does about the error. Source: sqlite.org/vfs.html and the structures in sqlite3.h, which are a
stable interface.
"""

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

Operation: TypeAlias = Literal["write", "sync", "truncate"]

NAME: Final = "faulty"
OK: Final = 0

Pointer = ctypes.c_void_p
XOpen = ctypes.CFUNCTYPE(
    ctypes.c_int, Pointer, Pointer, Pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)
XWrite = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, Pointer, ctypes.c_int, ctypes.c_int64)
XSync = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.c_int)
XTruncate = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.c_int64)


class Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("path_length_max", ctypes.c_int),
        ("next", Pointer),
        ("name", ctypes.c_char_p),
        ("data", Pointer),
        ("open", Pointer),
        ("others", Pointer * 15),
    )


class Methods(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("close", Pointer),
        ("read", Pointer),
        ("write", Pointer),
        ("truncate", Pointer),
        ("sync", Pointer),
        ("others", Pointer * 13),
    )


class File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(Methods)),)


@dataclass
class Fault:
    """What goes wrong: from the `nth` operation of that kind on, `times` of them fail."""

    operation: Operation
    nth: int
    times: int = 1
    code: int = sqlite3.SQLITE_IOERR_WRITE
    is_torn: bool = False
    """A write fails after half of it has reached the file."""
    hits: int = 0


@dataclass
class FaultyDisk:
    """The one faulty disk of this process, installed as a VFS at its first use."""

    counts: dict[Operation, int] = field(default_factory=dict)
    fault: Fault | None = None
    _kept: list[Any] = field(default_factory=list)
    """What C points to must not be collected."""

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        """Stand in for `sqlite3.connect`."""
        self._install()
        connection: sqlite3.Connection = sqlite3.connect(f"{database}&vfs={NAME}", **options)
        return connection

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[Fault]:
        """Let `fault` happen inside; the disk is mended after."""
        self.counts.clear()
        self.fault = fault
        try:
            yield fault
        finally:
            self.fault = None

    @contextmanager
    def counting(self) -> Iterator[dict[Operation, int]]:
        """Count operations inside, without any fault."""
        self.counts.clear()
        yield self.counts

    def _code(self, operation: Operation) -> int:
        count = self.counts[operation] = self.counts.get(operation, 0) + 1
        fault = self.fault
        if fault is None or fault.operation != operation:
            return OK
        if not fault.nth <= count < fault.nth + fault.times:
            return OK
        fault.hits += 1
        return fault.code

    def _install(self) -> None:
        if self._kept:
            return
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
        system = library.sqlite3_vfs_find(None)
        vfs = Vfs.from_buffer_copy(system.contents)
        vfs.name = NAME.encode()
        opener = XOpen(self._opener(system))
        vfs.open = ctypes.cast(opener, Pointer)
        self._kept += [library, system, vfs, opener]
        assert library.sqlite3_vfs_register(ctypes.byref(vfs), 0) == OK

    def _opener(self, system: Any) -> Callable[..., int]:
        system_open = XOpen(system.contents.open)
        tables: dict[int, Methods] = {}

        def open_file(_vfs: int, name: int, file: int, flags: int, out: Any) -> int:
            code: int = system_open(ctypes.addressof(system.contents), name, file, flags, out)
            opened = File.from_address(file)
            if code == OK and opened.methods:
                original = ctypes.addressof(opened.methods.contents)
                if original not in tables:
                    tables[original] = self._methods(opened.methods.contents)
                opened.methods = ctypes.pointer(tables[original])
            return code

        return open_file

    def _methods(self, original: Methods) -> Methods:
        system_write, system_sync = XWrite(original.write), XSync(original.sync)
        system_truncate = XTruncate(original.truncate)

        def write(file: int, data: int, size: int, offset: int) -> int:
            code = self._code("write")
            if code and self.fault is not None and self.fault.is_torn:
                system_write(file, data, size // 2, offset)
            return code or int(system_write(file, data, size, offset))

        def sync(file: int, flags: int) -> int:
            return self._code("sync") or int(system_sync(file, flags))

        def truncate(file: int, size: int) -> int:
            return self._code("truncate") or int(system_truncate(file, size))

        methods = Methods.from_buffer_copy(original)
        calls = (XWrite(write), XSync(sync), XTruncate(truncate))
        methods.write, methods.sync, methods.truncate = (
            ctypes.cast(calls[0], Pointer),
            ctypes.cast(calls[1], Pointer),
            ctypes.cast(calls[2], Pointer),
        )
        self._kept += [methods, calls]
        return methods


DISK: Final = FaultyDisk()
