"""``python -m dubline.training.gather.debian``: a corpus folder of recordings from Debian's packages.

Needs apt and dpkg-deb, which Debian and its kin have. What is taken is listed, with licenses, in ``debian.yaml``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import soundfile
import soxr
import yaml

from dubline.errors import BadInput, EnvironmentFault
from dubline.training.corpus import RATE, Samples, decode_mono
from dubline.training.gather.solos import solos

_LIST = Path(__file__).with_name("debian.yaml")
_SOUND = (".ogg", ".wav", ".flac", ".mp3", ".opus", ".oga")
_ARCHIVES = (".pk3", ".zip")
# The classifier hears 16 kHz.
STORED_RATE = 24_000
# Of a longer recording its middle is kept.
_LONGEST_SECONDS = {"music": 45.0, "effects": 25.0, "speech": 12.0, "vocalizations": 12.0}
_SHORTEST_SECONDS, _LEAST_PEAK = 0.12, 1e-3
_COLUMNS = ("kind", "path", "source_repo", "source_path", "license", "language", "speaker", "label")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a file is whose path holds ``match``."""

    match: re.Pattern[str]
    kind: str
    label: str
    speaker: str = ""

    def row(self, path: str) -> Row | None:
        """The manifest's columns that this rule can fill for ``path``; None where it does not speak of it."""
        found = self.match.search(path)
        if found is None:
            return None
        groups = [found[0], *(group or "" for group in found.groups())]
        said = {name: getattr(self, name).format(*groups).lower() for name in ("kind", "label", "speaker")}
        return said | {"language": "en" if self.kind == "speech" else ""}


def main() -> None:
    """Download, decode, write ``manifest.csv`` last."""
    parser = argparse.ArgumentParser(prog="python -m dubline.training.gather.debian", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    rows = [row for package in packages() for row in _gathered(package, given.out)]
    rows += [row | {"language": "", "speaker": ""} for row in solos(given.out)]
    write_manifest(given.out, rows)


def packages() -> list[dict[str, Any]]:
    """The packages of ``debian.yaml``, in its order."""
    listed: list[dict[str, Any]] = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return listed


def rules_of(package: dict[str, Any]) -> list[Rule]:
    """What is taken of a package; `BadInput` for a pattern that is none."""
    try:
        return [Rule(re.compile(each["match"], re.IGNORECASE), *_words(each)) for each in package["take"]]
    except re.error as error:
        raise BadInput(f"no pattern: {error}", f"{_LIST.name}, {package['package']}", "correct it") from error


def _words(each: dict[str, str]) -> tuple[str, str, str]:
    return each["kind"], each["label"], each.get("speaker", "")


def write_manifest(out: Path, rows: Iterable[Row]) -> None:
    """``manifest.csv`` as `open_corpus` reads it, whole or not at all."""
    part = out / "manifest.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(out / "manifest.csv")


def _gathered(package: dict[str, Any], out: Path) -> Iterator[Row]:
    """Rows of one package; each file's bytes once."""
    name, rules, seen = package["package"], rules_of(package), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files_of(_downloaded(name, Path(folder))):
            row = next(filter(None, (rule.row(path) for rule in rules)), None)
            digest = hashlib.sha256(data).hexdigest()
            if row is None or digest in seen:
                continue
            seen.add(digest)
            given = Path(folder) / f"given{PurePosixPath(path).suffix.lower()}"
            given.write_bytes(data)
            word = re.sub(r"[^a-z0-9]+", "_", PurePosixPath(path).stem.lower())
            stored = f"{row['kind']}/{name}/{digest[:12]}_{word}.flac"
            if _store(given, out / stored, _LONGEST_SECONDS[row["kind"]]):
                source = {"path": stored, "source_repo": f"debian/{name}", "source_path": path}
                yield row | source | {"license": package["license"]}


def _downloaded(name: str, folder: Path) -> Path:
    done = subprocess.run(["apt-get", "--quiet=2", "download", name], cwd=folder, capture_output=True, check=False)
    found = list(folder.glob("*.deb"))
    if done.returncode or not found:
        raise EnvironmentFault(f"apt-get cannot download {name}", str(folder), done.stderr.decode().strip())
    return found[0]


def files_of(deb: Path) -> Iterator[tuple[str, bytes]]:
    """Sound in a package and in its archives: path under /usr/share and bytes."""
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as tar,
    ):
        for member in tar:
            path = member.name.removeprefix("./").removeprefix("usr/share/")
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and path.lower().endswith(_SOUND):
                yield path, content.read()
            elif content is not None and path.lower().endswith(_ARCHIVES):
                yield from _inside(path, content)


def _inside(path: str, content: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryFile() as spooled:
        spooled.write(content.read())
        with zipfile.ZipFile(spooled) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith(_SOUND):
                    yield f"{PurePosixPath(path).name}/{info.filename}", archive.read(info)


def _store(given: Path, stored: Path, longest_seconds: float) -> bool:
    """Keep the sound in ``given``, mono; False for what cannot be read, is silent or shorter than a click."""
    try:
        samples = decode_mono(given)
    except BadInput:
        return False
    longest = round(longest_seconds * RATE)
    start = max(len(samples) - longest, 0) // 3
    kept: Samples = soxr.resample(samples[start : start + longest], RATE, STORED_RATE, quality="HQ")
    if len(kept) < _SHORTEST_SECONDS * STORED_RATE or abs(kept).max(initial=0.0) < _LEAST_PEAK:
        return False
    stored.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(stored, kept.clip(-1.0, 1.0), STORED_RATE, subtype="PCM_16")
    return True


if __name__ == "__main__":
    main()
