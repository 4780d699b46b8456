#!/usr/bin/env python3
"""odd-layers.py LAYER >TAR - tars that no ordinary tar program writes, byte for byte the same everywhere.

The tars of the images "odd", "sparse", "gnusparse" and "linksize" of make-images.sh. They are put together by hand
because what matters is the framing: which header carries what, what stands between and behind the entries.
Every directory has an entry of its own.
"""
import struct
import sys

EPOCH = 1700000000
# cap_net_raw=ep, as security.capability holds it (version 2): with NULs in it
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)


def number(value, width, binary=False):
    """A header's number: octal and NUL, or base-256 where that is asked for or needed."""
    if binary or value >= 8 ** (width - 1):
        return b"\x80" + value.to_bytes(width - 1, "big")
    return b"%0*o\0" % (width - 1, value)


def header(name, kind, size=0, mode=0o644, uid=0, gid=0, mtime=EPOCH, link=b"", prefix=b"", gnu=False, binary=False,
           device=(0, 0), tail=b""):
    """512 bytes. tail: what stands at offset 345 in GNU's own form."""
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:108] = number(mode, 8)
    block[108:116] = number(uid, 8, binary)
    block[116:124] = number(gid, 8, binary)
    block[124:136] = number(size, 12, binary)
    block[136:148] = number(mtime, 12)
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157:157 + len(link)] = link
    block[257:265] = b"ustar  \0" if gnu else b"ustar\x0000"
    if kind in b"34":
        block[329:337] = number(device[0], 8)
        block[337:345] = number(device[1], 8)
    block[345:345 + len(prefix)] = prefix
    if tail:
        block[345:345 + len(tail)] = tail
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def records(pairs):
    """PAX records: each begins with its own length in decimal."""
    out = b""
    for key, value in pairs:
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest) + 1
        while len(b"%d" % length) + len(rest) != length:
            length += 1
        out += b"%d" % length + rest
    return out


def pax(pairs, kind=b"x"):
    data = records(pairs)
    return header(b"PaxHeaders/odd", kind, len(data)) + padded(data)


def gnu_long(kind, text):
    """GNU's L (name) and K (link name): the text with its NUL is the data of an entry of its own."""
    return header(b"././@LongLink", kind, len(text) + 1, gnu=True) + padded(text + b"\0")


def folder(name, **more):
    return header(name + b"/", b"5", mode=more.pop("mode", 0o755), **more)


def plain(name, data=b"", **more):
    return header(name, b"0", len(data), **more) + padded(data)


END = bytes(1024)


def links():
    """Hard links: beside, across directories, up, to a link, to a file with attributes; symlinks beside them."""
    out = folder(b"links") + folder(b"links/a") + folder(b"links/a/deep") + folder(b"links/b")
    out += plain(b"links/a/one", b"hard\n", mode=0o640, uid=1000, gid=1000)
    out += header(b"links/a/two", b"1", link=b"links/a/one", mode=0o640, uid=1000, gid=1000)
    out += header(b"links/b/three", b"1", link=b"links/a/two")
    out += header(b"links/a/deep/four", b"1", link=b"./links/b/three")
    out += header(b"links/five", b"1", link=b"links/a/deep/four")
    out += plain(b"links/empty") + header(b"links/b/empty", b"1", link=b"links/empty")
    out += pax([(b"SCHILY.xattr.user.kist", b"shared")]) + plain(b"links/attr", b"attr\n")
    out += header(b"links/b/attr", b"1", link=b"links/attr")
    long = b"links/" + b"t" * 150
    out += pax([(b"path", long)]) + plain(long[:99], b"long\n")
    out += pax([(b"linkpath", long)]) + header(b"links/b/long", b"1", link=long[:99])
    out += header(b"links/relative", b"2", link=b"a/one", mode=0o777) + header(b"links/dangling", b"2", link=b"/no/where")
    out += pax([(b"linkpath", b"x/" * 120 + b"y")]) + header(b"links/far", b"2", link=b"x", mode=0o777)
    return out + END


def attrs():
    """Extended attributes, file capabilities, set-id bits, times to the nanosecond, owners and modes."""
    out = folder(b"attrs", mode=0o1777)
    out += pax([(b"SCHILY.xattr.user.kist", b"hello"), (b"SCHILY.xattr.user.empty", b""),
                (b"SCHILY.xattr.user.binary", b"a\0b\nc=d\xff")]) + plain(b"attrs/user", b"user\n")
    out += pax([(b"SCHILY.xattr.security.capability", CAPABILITY)]) + plain(b"attrs/capable", b"#!/bin/sh\n", mode=0o755)
    out += pax([(b"SCHILY.xattr.user.dir", b"on a directory")]) + folder(b"attrs/dir", mode=0o2750, uid=1000, gid=2000)
    out += plain(b"attrs/setuid", b"s", mode=0o4755) + plain(b"attrs/setgid", b"s", mode=0o2755, gid=2000)
    out += plain(b"attrs/all", b"s", mode=0o7777) + plain(b"attrs/none", b"n", mode=0)
    for name, time in ((b"nano", b"1700000000.123456789"), (b"micro", b"1700000000.5"), (b"old", b"-1.25"),
                       (b"zero", b"0"), (b"future", b"4102444800.000000001")):
        out += pax([(b"mtime", time), (b"atime", b"1600000000.000000001")]) + plain(b"attrs/" + name, name)
    out += pax([(b"mtime", b"1600000000.987654321")]) + folder(b"attrs/time")
    out += pax([(b"mtime", b"1500000000.000000007")]) + header(b"attrs/link", b"2", link=b"nano", mode=0o777)
    out += pax([(b"uid", b"65533"), (b"gid", b"65532"), (b"uname", b"n\xc3\xa4me"), (b"comment", b"of no use")])
    out += plain(b"attrs/owner", b"o") + plain(b"attrs/base256", b"b", uid=12345, gid=54321, binary=True)
    return out + header(b"attrs/fifo", b"6", mode=0o600) + END


def names():
    """Names: long in each of the three ways, not UTF-8, new lines, blanks, quotes, many levels."""
    out = folder(b"names")
    for name in (b"with space", b"new\nline", b"tab\t", b"-dash", b"quote\"'\\", b"$(x)`;*?[", b"\xc3\xa4\xc3\xb6",
                 b"latin\xe4", b"raw\xff\xfe", b"\xe2\x80\xa8separator", b"<&>", b"...", b"\x01\x1b[31m", b".whatever"):
        out += plain(b"names/" + name, name)
    out += plain(b"./names/./dot", b"dot") + plain(b"names//twice", b"twice") + plain(b"/names/absolute", b"absolute")
    out += folder(b"p" * 90) + folder(b"p" * 90 + b"/" + b"q" * 9)
    out += plain(b"n" * 90, b"prefix", prefix=b"p" * 90 + b"/" + b"q" * 9)
    out += gnu_long(b"L", b"names/" + b"L" * 200) + plain((b"names/" + b"L" * 200)[:100], b"long", gnu=True)
    out += gnu_long(b"L", b"names/gnu\xff" + b"M" * 120) + plain(b"names/gnu", b"raw and long", gnu=True)
    out += gnu_long(b"K", b"names/" + b"L" * 200) + gnu_long(b"L", b"names/" + b"K" * 150)
    out += header(b"names/K", b"1", link=b"names/L", gnu=True)
    out += pax([(b"path", b"names/" + b"P" * 255)]) + plain(b"names/P", b"pax")
    out += pax([(b"hdrcharset", b"BINARY"), (b"path", b"names/pax\xff\xfe")]) + plain(b"names/x", b"binary")
    deep = b"names"
    for _ in range(60):
        deep += b"/level"
        out += (pax([(b"path", deep + b"/")]) if len(deep) > 98 else b"") + folder(deep[:98])
    return out + pax([(b"path", deep + b"/deep")]) + plain(b"deep", b"deep") + END


def frames():
    """Framing: a global header, old headers, sizes in base-256 and in PAX, padding and a tail that are not zero."""
    out = pax([(b"comment", b"for all")], b"g")
    out += folder(b"frames") + plain(b"frames/base256", b"size\n", binary=True)
    out += pax([(b"size", b"5")]) + header(b"frames/paxsize", b"0", 0) + padded(b"five\n")
    out += header(b"frames/pad", b"0", 3) + b"pad" + b"\xaa" * 509
    old = bytearray(header(b"frames/v7", b"\0", 2))
    old[257:345] = bytes(88)
    old[148:156] = b" " * 8
    old[148:156] = b"%06o\0 " % sum(old)
    out += bytes(old) + padded(b"7\n")
    out += header(b"frames/v7dir/", b"\0", 0, mode=0o755)  # (type 7, contiguous, is a file for kist alone)
    out += plain(b"frames/block", b"B" * 512) + plain(b"frames/large", bytes(range(256)) * 4096)
    return out + END + b"what follows the end is kept, too" + bytes(5000)


def change():
    """What changes the layers below: whiteouts, an opaque directory, a file that takes the place of a directory."""
    out = folder(b"links") + plain(b"links/.wh.five") + folder(b"links/a") + plain(b"links/a/.wh.deep")
    out += folder(b"names") + plain(b"names/.wh.new\nline") + plain(b"names/.wh.raw\xff\xfe")
    out += folder(b"attrs", mode=0o1777) + folder(b"attrs/dir") + plain(b"attrs/dir/.wh..wh..opq")
    out += plain(b"attrs/dir/new", b"new") + plain(b"attrs/time", b"a file now")
    return out + END


# (All parts but the last are whole blocks: GNU tar reads no others.)
REAL = (50 << 20) + 4096  # ends with a hole, which an empty part says
PARTS = [(0, b"begin".ljust(512, b".")), (1 << 20, b"middle" * 1024), (50 << 20, b"end"), (REAL, b"")]


def sparse_map(parts):
    return b",".join(b"%d,%d" % (at, len(data)) for at, data in parts)


def sparse():
    """PAX's three forms of sparse files, and one that is nothing but a hole."""
    data = b"".join(d for _, d in PARTS)
    size = [(b"GNU.sparse.size", b"%d" % REAL), (b"GNU.sparse.numblocks", b"%d" % len(PARTS))]
    out = folder(b"sparse") + plain(b"sparse/before", b"before")
    v00 = []
    for at, d in PARTS:
        v00 += [(b"GNU.sparse.offset", b"%d" % at), (b"GNU.sparse.numbytes", b"%d" % len(d))]
    out += pax(size + v00) + plain(b"sparse/v00", data)
    out += pax([*size, (b"GNU.sparse.name", b"sparse/v01"), (b"GNU.sparse.map", sparse_map(PARTS))])
    out += plain(b"GNUSparseFile.0/v01", data)
    front = b"%d\n" % len(PARTS) + b"".join(b"%d\n%d\n" % (at, len(d)) for at, d in PARTS)
    v10 = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")]
    out += pax([*v10, (b"GNU.sparse.name", b"sparse/v10"), (b"GNU.sparse.realsize", b"%d" % REAL)])
    out += plain(b"GNUSparseFile.0/v10", padded(front) + data)
    out += pax([*v10, (b"GNU.sparse.name", b"sparse/hole"), (b"GNU.sparse.realsize", b"1048576")])
    out += plain(b"GNUSparseFile.0/hole", padded(b"1\n1048576\n0\n"))
    return out + plain(b"sparse/after", b"after") + END


def old_sparse(name, parts, real):
    """GNU's old form, type S: four parts in the header, more of them in blocks behind it."""
    data = b"".join(d for _, d in parts)
    entries = [number(at, 12) + number(len(d), 12) for at, d in parts]
    tail = bytes(41)  # atime, ctime, offset, longnames, unused: up to offset 386
    tail += b"".join(entries[:4]).ljust(96, b"\0") + (b"\1" if len(parts) > 4 else b"\0") + number(real, 12)
    out = header(name, b"S", len(data), gnu=True, tail=tail)
    for i in range(4, len(entries), 21):
        out += b"".join(entries[i:i + 21]).ljust(504, b"\0") + (b"\1" if len(entries) > i + 21 else b"\0") + bytes(7)
    return out + padded(data)


def gnusparse():
    """Old sparse files of few and of many parts."""
    many = [(i << 20, (b"part %d" % i).ljust(512 if i < 39 else 0)) for i in range(40)] + [(40 << 20, b"")]
    out = folder(b"sparse") + old_sparse(b"sparse/gnu", PARTS, REAL) + old_sparse(b"sparse/many", many, 40 << 20)
    return out + plain(b"sparse/after", b"after") + END


def linksize():
    """A hard link whose header has the size of its file, as old tars write it, and no data."""
    out = folder(b"linksize") + plain(b"linksize/file", b"linked\n")
    out += header(b"linksize/link", b"1", 7, link=b"linksize/file")
    return out + plain(b"linksize/after", b"after") + END


if __name__ == "__main__":
    layers = {f.__name__: f for f in (links, attrs, names, frames, change, sparse, gnusparse, linksize)}
    if len(sys.argv) != 2 or sys.argv[1] not in layers:
        sys.exit("usage: odd-layers.py %s" % "|".join(layers))
    sys.stdout.buffer.write(layers[sys.argv[1]]())
