"""Tar archives by hand: every field may be what no tar program writes."""
import bz2
import gzip
import lzma
import struct
import subprocess
import zlib

FILE, LINK, SYMLINK, CHAR, BLOCK, DIR, FIFO = '0', '1', '2', '3', '4', '5', '6'
END = bytes(1024)


def octal(value, size):
    """A number of a header: text and bytes are taken as they are."""
    if isinstance(value, bytes):
        return value.ljust(size, b'\0')[:size]
    return b'%0*o\0' % (size - 1, value)


def base256(value, size):
    return ((value + (1 << (8 * size))) % (1 << (8 * size)) | (0 if value < 0 else 1 << (8 * size - 1))).to_bytes(size, 'big')


def raw(text):
    return text if isinstance(text, bytes) else text.encode('utf-8', 'surrogateescape')


def header(name, kind=FILE, link='', size=0, mode=0o644, uid=0, gid=0, mtime=1600000000, major=0, minor=0,
           magic=b'ustar\x0000', prefix='', checksum=None, more=()):
    b = bytearray(512)

    def put(at, data, size):
        b[at:at + size] = raw(data)[:size].ljust(size, b'\0')

    put(0, name, 100)
    b[100:108] = octal(mode, 8)
    b[108:116] = octal(uid, 8)
    b[116:124] = octal(gid, 8)
    b[124:136] = octal(size, 12)
    b[136:148] = octal(mtime, 12)
    b[156] = ord(kind)
    put(157, link, 100)
    put(257, magic, 8)
    if kind in '34':
        b[329:337] = octal(major, 8)
        b[337:345] = octal(minor, 8)
    if prefix:
        put(345, prefix, 155)
    for at, data in more:
        b[at:at + len(data)] = data
    b[148:156] = b' ' * 8
    b[148:156] = b'%06o\0 ' % sum(b) if checksum is None else checksum
    return bytes(b)


def pad(data):
    return data + bytes(-len(data) % 512)


def record(key, value):
    """One record of a pax header; its length counts its own digits."""
    body = b' ' + raw(key) + b'=' + raw(value) + b'\n'
    n = len(body)
    while len(str(n)) + len(body) != n:
        n = len(str(n)) + len(body)
    return b'%d' % n + body


def pax(records, kind='x', text=None):
    data = b''.join(record(k, v) for k, v in records) if text is None else text
    return header('pax', kind, size=len(data)) + pad(data)


def long_name(kind, name):
    data = raw(name) + b'\0'
    return header('././@LongLink', kind, size=len(data), magic=b'ustar  \0') + pad(data)


def entry(name, kind=FILE, data=b'', link='', records=None, **fields):
    """What a decent program writes: names that do not fit go into a pax header."""
    records = dict(records or {})
    if len(raw(name)) > 100:
        records['path'] = name
    if len(raw(link)) > 100:
        records['linkpath'] = link
    fields.setdefault('size', len(data))
    front = pax(records.items()) if records else b''
    return front + header(name, kind, link, **fields) + pad(data)


def file(name, data=b'x', **more):
    return entry(name, FILE, data, **more)


def symlink(name, to, **more):
    return entry(name, SYMLINK, link=to, mode=0o777, **more)


def hard(name, to, **more):
    return entry(name, LINK, link=to, **more)


def directory(name, **more):
    more.setdefault('mode', 0o755)
    return entry(name, DIR, **more)


# --- compressed forms -------------------------------------------------------------------------------

def zstd(data, *options):
    return subprocess.run(['zstd', '-q', '-c', *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def gz(data):
    return gzip.compress(data, 6, mtime=0)


def xz_with_dictionary(data, code):
    """xz that asks for a dictionary of another size: the code is that of LZMA2."""
    x = bytearray(lzma.compress(data, preset=0))
    size = (x[12] + 1) * 4
    head = x[12:12 + size]
    head[head.index(b'\x21\x01') + 2] = code
    head[-4:] = struct.pack('<I', zlib.crc32(bytes(head[:-4])))
    x[12:12 + size] = head
    return bytes(x)


def skippable(data):
    """A frame of zstd that decoders pass over; zstd:chunked keeps its table of contents in one."""
    return struct.pack('<II', 0x184d2a50, len(data)) + data


bzip2 = bz2.compress
xz = lzma.compress
