"""The compiled model's container as docs/model-format.md has it: sections can be changed and get right checksums again."""

import struct

HEADER = struct.Struct("<8sIIQII")
SECTION = struct.Struct("<IIQQ")
HEADER_BYTES = 64
TABLE = [0] * 256
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ 0x82F63B78 * (value & 1)
    TABLE[byte] = value


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def sections(data):
    """[(id, offset, size)]"""
    count = HEADER.unpack_from(data)[4]
    entries = [SECTION.unpack_from(data, HEADER_BYTES + i * SECTION.size) for i in range(count)]
    return [(identity, offset, size) for identity, _, offset, size in entries]


def sealed(data):
    """The bytes with all checksums made right."""
    data = bytearray(data)
    magic, version, order, size, count, _ = HEADER.unpack_from(data)
    for i, (identity, offset, length) in enumerate(sections(data)):
        SECTION.pack_into(data, HEADER_BYTES + i * SECTION.size, identity, crc32c(data[offset:offset + length]), offset, length)
    HEADER.pack_into(data, 0, magic, version, order, size, count, 0)
    HEADER.pack_into(data, 0, magic, version, order, size, count, crc32c(data[:HEADER_BYTES + count * SECTION.size]))
    return bytes(data)


def other_byte_order(data):
    """As a big-endian machine would have begun the file."""
    data = bytearray(data)
    magic, version, order, size, count, crc = HEADER.unpack_from(data)
    struct.pack_into(">8sIIQII", data, 0, magic, version, order, size, count, crc)
    return bytes(data)
