"""What can go wrong, said once: each error names what, where and how to mend it, and carries its exit code."""

from __future__ import annotations

import errno
from typing import ClassVar

# Errors of the machine, not of the input: a full or read-only disk, no permission, no more files, no place for a name.
MACHINE_ERRORS = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE,
    errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG,
}  # fmt: skip


class DublineError(Exception):
    """An error a person can act on, shown as ``WHAT (WHERE): HOW TO MEND IT``."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, where: str, mend: str) -> None:
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        # One line whatever the parts carry: tools below us (ffmpeg, YAML) answer in several.
        return " ".join(f"{self.what} ({self.where}): {self.mend}".split())


class BadInput(DublineError):
    """The order, the media, a model or a spec is not usable as given."""

    exit_code = 3


class CheckFailed(DublineError):
    """A deliverable was made, measured, and does not meet its spec."""

    exit_code = 4


class EnvironmentFault(DublineError):
    """A tool, the database, the store or the disk is missing or does not answer."""

    exit_code = 5


class Cancelled(DublineError):
    """The work was asked to stop."""

    exit_code = 130
