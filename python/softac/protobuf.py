"""The wire format of protocol buffers, as far as TensorBoard's files need it (protobuf.dev, "Encoding")."""

from __future__ import annotations

import math
import struct

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(number: int) -> bytes:
    """A whole number, seven bits a byte, lowest first; a negative one as its 64-bit two's complement."""
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def int_field(field: int, number: int) -> bytes:
    """A field of the kinds int32 and int64."""
    return varint(field << 3 | _VARINT) + varint(number)


def double_field(field: int, number: float) -> bytes:
    """A field of the kind double."""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", number)


def float_field(field: int, number: float) -> bytes:
    """Rounded to float32; what is too large becomes infinite."""
    try:
        packed = struct.pack("<f", number)
    except OverflowError:
        packed = struct.pack("<f", math.copysign(math.inf, number))
    return varint(field << 3 | _FIXED32) + packed


def bytes_field(field: int, content: bytes | str) -> bytes:
    """A string, or another message."""
    encoded = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | _BYTES) + varint(len(encoded)) + encoded
