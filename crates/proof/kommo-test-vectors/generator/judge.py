"""The independent judge: every digest and MAC of the vectors, with Python's standard library alone."""

import base64
import hashlib
import hmac
import json
import sys

agreements = 0


def to_bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def md5_hex(data):
    return hashlib.md5(to_bytes(data)).hexdigest()


def mac(algorithm, key, message):
    return hmac.new(to_bytes(key), to_bytes(message), algorithm).digest()


def hmac_sha1(key, message):
    return mac("sha1", key, message).hex()


def hmac_sha256(key, message):
    return mac("sha256", key, message).hex()


def base64_text(data):
    return base64.b64encode(data).decode("ascii")


def base64url(data):
    """Base64 for URLs, without padding, as compact JWS writes it."""
    return base64.urlsafe_b64encode(to_bytes(data)).rstrip(b"=").decode("ascii")


def compact_json(value):
    """No spaces, characters as they are, slashes as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def php_json(value):
    """PHP's json_encode without options: no spaces, `\\/`, `\\uXXXX` in lower case."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")


def python_json(value):
    """Python's json.dumps without options: a space after each comma and colon, `\\uXXXX`."""
    return json.dumps(value)


def agree(what, computed, known):
    """`known` was printed by somebody else; what we compute must be equal, or nothing is written."""
    global agreements
    if computed != known:
        sys.exit(f"make_vectors.py: {what}: computed {computed!r}, but the known value is {known!r}")
    agreements += 1
