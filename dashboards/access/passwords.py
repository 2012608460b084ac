"""Password hashes: scrypt, in the form ``scrypt$n$r$p$salt$hash`` (RFC 7914; salt and hash in base64)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

# OWASP's password storage cheat sheet: N = 2^17, r = 8, p = 1 or what costs as much; this takes 64 MiB and p = 2.
_N, _R, _P = 2**16, 8, 2
_BYTES = 32
SHORTEST, LONGEST = 10, 256


def hash_password(password: str) -> str:
    """A hash to keep."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(_scrypt(password, salt, _N, _R, _P))}"


def matches(password: str, kept: str) -> bool:
    """Whether this is the password; takes as long for a wrong one."""
    _, n, r, p, salt, digest = kept.split("$")
    found = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # OpenSSL refuses by default what takes more than 32 MiB.
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=_BYTES)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
