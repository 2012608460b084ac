"""Opening a media file safely: what is wrong with the path, said in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError

from dubline.errors import BadInput

# A playlist dressed up as a film must not make us fetch anything.
_OPTIONS = {"protocol_whitelist": "file"}
# Lists of other files: what they name can change or vanish behind our hashes.
_PLAYLISTS = ("concat", "dash", "hls", "imf")


def check_file(path: Path) -> int:
    """Size in bytes of the readable, non-empty file at ``path``; `BadInput` for anything else."""
    try:
        if path.is_dir():
            raise BadInput("is a directory", str(path), "name a file in it")
        with path.open("rb") as file:
            size = file.seek(0, 2)
    except OSError as error:
        raise BadInput(_PATH_FAULTS.get(error.errno or 0, f"cannot be read: {error.strerror}"), str(path),
                       "check the path and its permissions") from error  # fmt: skip
    if size == 0:
        raise BadInput("is empty", str(path), "copy it again in full")
    return size


_PATH_FAULTS = {
    errno.ENOENT: "no such file",
    errno.ELOOP: "a loop of symbolic links",
    errno.EACCES: "may not be read",
    errno.ENAMETOOLONG: "a file name that is too long",
}


def url(path: Path) -> str:
    """``path`` as ffmpeg takes it literally: no name can be read as an option, a protocol or a pattern."""
    return f"file:{path}"


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """The opened container at ``path``; `BadInput` when the file cannot be opened or breaks while being read."""
    check_file(path)
    try:
        # Latin-1 tags in old files are not a reason to refuse the film.
        with av.open(url(path), options=_OPTIONS, metadata_errors="replace") as container:
            if container.format.name in _PLAYLISTS:
                raise BadInput("is a playlist, not a film", str(path), "give the media file itself")
            yield container
    except FFmpegError as error:
        raise BadInput(
            f"is not readable as media: {error.strerror}", str(path), "copy it again in full, or export it anew"
        ) from error
