"""
Layers that attack whoever unpacks them: ATTACKS is the table. Each has a name, what must become of it, and
the bytes of the layer's blob.

  refused   the unpacking ends with an error that matches a pattern, and nothing of the layer is left
  confined  the layer is taken in; what it holds is as the check says

OUT stands for a directory beside the store that nothing may touch. It holds "victim", a file of mode 0600.
"""
import os
from tarmaker import *

OUT = os.environ.get('HOSTILE_OUT', '/hostile-out')
UP = '../' * 24
BIG = 1 << 40
ATTACKS = {}


class Attack:
    def __init__(self, blob, refused=None, check=None, only=None, as_user=None, exact=True):
        self.make, self.refused, self.check = blob, refused, check
        self.is_tar = isinstance(blob, bytes)  # else it comes compressed, or not, as it is
        self.only = only  # 'root' or 'user'
        self.as_user = as_user  # another refusal ('' for none) for users without root
        self.exact = exact  # a taken layer can be packed again; not so when one file took another's place

    def blob(self):
        return self.make if self.is_tar else self.make()


def refuse(name, pattern, *parts, end=True, **more):
    ATTACKS[name] = Attack(b''.join(parts) + (END if end else b''), refused=pattern, **more)


def confine(name, check, *parts, end=True, **more):
    ATTACKS[name] = Attack(b''.join(parts) + (END if end else b''), check=check, **more)


def blob(name, make, refused=None, check=None, **more):
    ATTACKS[name] = Attack(make, refused, check, **more)


# --- checks of what was unpacked: called with the layer's directory -----------------------------------

def holds(path, data=b'x'):
    def check(diff):
        with open(os.path.join(diff, path), 'rb') as f:
            assert f.read(len(data) + 1) == data, path
    return check


def is_link(path, to):
    def check(diff):
        assert os.readlink(os.path.join(diff, path)) == to, path
    return check


def empty(diff):
    assert os.listdir(diff) == [], os.listdir(diff)


def names(*want):
    def check(diff):
        assert sorted(os.listdir(os.fsencode(diff))) == sorted(raw(w) for w in want), os.listdir(diff)
    return check


def both(*checks):
    def check(diff):
        for c in checks:
            c(diff)
    return check


def mode(path, want):
    def check(diff):
        got = os.lstat(os.path.join(diff, path)).st_mode & 0o7777
        assert got == want, '%s: %o' % (path, got)
    return check


def unlinked(path):
    """A file of its own."""
    def check(diff):
        assert os.lstat(os.path.join(diff, path)).st_nlink == 1, path
    return check


LEAVES = 'leads out of the layer'
NOWHERE = 'leads nowhere|is no directory|Too many levels|not in the layer'
TWICE = 'in the layer twice'
STORES = 'which only the store may set'

# --- paths (CVE-2001-1267, CVE-2018-1002200, CVE-2019-14271 and their many children) ------------------
refuse('dotdot', LEAVES, file(UP + OUT + '/pwned'))
refuse('dotdot-inside', LEAVES, file('a/b/../../../pwned'))
refuse('dotdot-alone', LEAVES, file('..'))
refuse('dotdot-slash', LEAVES, directory('../'))
refuse('dotdot-behind-root', LEAVES, file('/../../pwned'))
refuse('dotdot-link-file-of-the-store', LEAVES, file('../link'))
refuse('dotdot-lower-file-of-the-store', LEAVES, file('../lower'))
refuse('dotdot-list-of-the-store', LEAVES, file('../../../overlay-layers/layers.json'))
refuse('dotdot-in-prefix', LEAVES, header('pwned', prefix='../..'))
refuse('dotdot-in-pax', LEAVES, file('good', records={'path': UP + OUT + '/pwned'}))
refuse('dotdot-in-gnu-long-name', LEAVES, long_name('L', UP + OUT + '/pwned'), header('good'))
refuse('dotdot-in-sparse-name', LEAVES, file('good', records={
    'GNU.sparse.size': '1', 'GNU.sparse.map': '0,1', 'GNU.sparse.name': UP + OUT + '/pwned'}))
refuse('dotdot-directory', LEAVES, directory(UP + OUT + '/pwned/'))
refuse('dotdot-symlink', LEAVES, symlink(UP + OUT + '/pwned', '/'))
refuse('dotdot-fifo', LEAVES, entry(UP + OUT + '/pwned', FIFO))
confine('absolute', holds(OUT.lstrip('/') + '/pwned'), file(OUT + '/pwned'))
confine('absolute-many-slashes', holds(OUT.lstrip('/') + '/pwned'), file('///' + OUT + '//pwned'))
confine('dotdot-that-stays', holds('b'), file('a/../b'))
confine('dots', holds('a/b'), file('./././a/./b'))
for number, name in enumerate(('.', './', '/', './/.', 'a/..')):
    confine('root-as-directory-%d' % number, empty, directory(name, mode=0))
    confine('root-as-file-%d' % number, empty, file(name, b'data'))
    confine('root-as-symlink-%d' % number, empty, symlink(name, OUT))
refuse('root-twice', TWICE, directory('./'), directory('/'))
confine('root-as-hard-link', empty, hard('.', OUT + '/victim'))
confine('root-as-fifo', empty, entry('./', FIFO))
confine('name-empty', empty, file(''))
confine('name-with-slash-behind', holds('f'), file('f/'))
confine('name-with-backslashes', holds('..\\..\\pwned'), file('..\\..\\pwned'))
confine('name-with-escape', names('\x1b]0;owned\x07', '\n', '\x9b31m'), file('\x1b]0;owned\x07'), file('\n'),
        file('\x9b31m'))
confine('name-not-utf8', names(b'\xff\xfe', b'\xc0\xae\xc0\xae'), file(b'\xff\xfe'), file(b'\xc0\xae\xc0\xae'))
confine('name-cut-by-nul', names('good'), long_name('L', b'good\0/../../pwned'), header('x'))
refuse('name-with-nul-in-pax', 'pax header', file('good', records={'path': b'good\0/../../pwned'}))
refuse('link-with-nul-in-pax', 'pax header', hard('good', 'x', records={'linkpath': b'x\0y'}))
refuse('name-component-too-long', 'File name too long', file('n' * 256))
refuse('path-too-long', 'path longer than', file('d/' * 2100 + 'f'))
confine('path-of-2000-directories', lambda diff: None, file('d/' * 2000 + 'f'))
refuse('directory-path-too-long-for-the-kernel', 'path longer than', directory('d/' * 2049))
confine('names-differ-in-case', names('a', 'A'), file('a', b'1'), file('A', b'2'))
confine('names-differ-in-normalisation', names('\u00e9', 'e\u0301'), file('\u00e9'), file('e\u0301'))

# --- symbolic links (CVE-2002-1216, CVE-2018-15664, CVE-2021-30465, CVE-2021-32803, CVE-2021-37701) ---
refuse('through-absolute-link', NOWHERE, symlink('d', OUT), file('d/pwned'))
refuse('through-relative-link', NOWHERE, symlink('d', UP + OUT), file('d/pwned'))
refuse('through-chain-of-links', NOWHERE, symlink('a', 'b'), symlink('b', 'c'), symlink('c', OUT), file('a/pwned'))
refuse('through-two-half-links', NOWHERE, symlink('a', '..'), symlink('b', 'a/' + UP + OUT), file('b/pwned'))
refuse('through-proc-root', NOWHERE, symlink('d', '/proc/self/root'), file('d/pwned'))
refuse('through-proc-cwd', NOWHERE, symlink('d', '/proc/self/cwd'), file('d/pwned'))
refuse('through-proc-fd', NOWHERE, *[symlink('d%d' % i, '/proc/self/fd/%d' % i) for i in range(3, 40)],
       *[file('d%d/pwned' % i) for i in range(3, 40)])
refuse('through-dev-fd', NOWHERE, symlink('d', '/dev/fd/4'), file('d/pwned'))
confine('through-proc-of-its-own', holds('proc/self/root/x'), directory('proc/self/root'),
        symlink('d', '/proc/self/root'), file('d/x'))
refuse('directory-becomes-link', TWICE, directory('d'), symlink('d', OUT), file('d/pwned'))
refuse('directory-becomes-link-other-name', TWICE, directory('d'), symlink('./d/', OUT), file('d/pwned'))
refuse('link-becomes-directory', TWICE, symlink('d', OUT), directory('d'), file('d/pwned'))
refuse('directory-with-files-becomes-link', TWICE, directory('d'), file('d/a'), symlink('d', OUT), file('d/pwned'))
refuse('implied-directory-becomes-link', NOWHERE, file('d/a'), symlink('d', OUT), file('d/pwned'))
refuse('link-by-its-alias', NOWHERE, directory('real'), symlink('alias', 'real'), symlink('real/sub', OUT),
       file('alias/sub/pwned'))
refuse('directory-replaced-by-its-alias', NOWHERE, directory('real/sub'), symlink('alias', 'real'),
       symlink('alias/sub', OUT), file('real/sub/pwned'))
confine('cached-directory-replaced', both(holds('real/x', b'2'), is_link('real/link', '/')), directory('real/sub'),
        file('real/sub/y', b'1'), symlink('alias', 'real'), symlink('alias/sub', '/real'), file('real/sub/x', b'2'),
        symlink('real/link', '/'), exact=False)
refuse('link-loop', NOWHERE, symlink('a', 'b'), symlink('b', 'a'), file('a/x'))
refuse('link-to-itself', NOWHERE, symlink('a', 'a'), file('a/x'))
refuse('link-to-nothing', 'No such file', symlink('a', ''))
refuse('link-of-5000-bytes', 'File name too long', symlink('a', 'x/' * 2500))
confine('file-takes-the-place-of-a-link', both(holds('d/x', b'new'), holds('victim', b'keep')), file('victim', b'keep'),
        directory('d'), symlink('d/x', '../victim'), symlink('e', 'd'), file('e/x', b'new'))
confine('mode-of-a-link', lambda diff: None, entry('l', SYMLINK, link=OUT + '/victim', mode=0o4777, uid=1, gid=1))
confine('times-of-a-replaced-directory', is_link('real/d', OUT + '/victim'), directory('real/d', mtime=1),
        symlink('alias', 'real'), symlink('alias/d', OUT + '/victim'))

# --- hard links (CVE-2016-6321, CVE-2021-37713, CVE-2024-12905) -----------------------------------------
refuse('hard-link-absolute', 'not in the layer', hard('s', OUT + '/victim'))
refuse('hard-link-to-shadow', 'not in the layer', hard('s', '/etc/shadow'))
refuse('hard-link-relative', LEAVES, hard('s', UP + OUT + '/victim'))
refuse('hard-link-through-link', NOWHERE, symlink('d', OUT), hard('s', 'd/victim'))
refuse('hard-link-through-proc', NOWHERE, symlink('d', '/proc/self/root'), hard('s', 'd' + OUT + '/victim'))
refuse('hard-link-in-pax', LEAVES, hard('s', 'good', records={'linkpath': UP + OUT + '/victim'}))
refuse('hard-link-in-gnu-long-link', LEAVES, long_name('K', UP + OUT + '/victim'), header('s', LINK, 'good'))
refuse('hard-link-placed-outside', LEAVES, file('f'), hard(UP + OUT + '/pwned', 'f'))
confine('hard-link-to-link', is_link('h', OUT + '/victim'), symlink('s', OUT + '/victim'),
        hard('h', 's', mode=0o4777, uid=0, gid=0, mtime=1))
refuse('hard-link-to-link-written-through', TWICE, symlink('s', OUT + '/victim'), hard('h', 's'), file('h', b'pwned'))
confine('hard-link-to-link-replaced', both(holds('e/h', b'own'), is_link('s', OUT + '/victim')),
        symlink('s', OUT + '/victim'), directory('e'), symlink('f', 'e'), hard('e/h', 's'), file('f/h', b'own'))
refuse('hard-link-to-directory', 'linking|not in the layer', directory('d'), hard('h', 'd'))
refuse('hard-link-to-root', 'not in the layer', hard('h', '.'))
refuse('hard-link-to-itself', 'not in the layer', hard('h', 'h'))
refuse('hard-link-to-what-comes-later', 'not in the layer', hard('h', 'f'), file('f'))
refuse('hard-link-over-its-own-target', TWICE, file('f'), hard('f', 'f'))
refuse('hard-link-to-whiteout-name', 'not in the layer', file('.wh.f'), hard('h', '.wh.f'), only='root')
refuse('hard-link-with-data', 'checksum|malformed', file('f'), entry('h', LINK, b'data' * 200, link='f'))
refuse('hard-link-to-a-file-of-the-store', LEAVES, hard('h', '../link'))
confine('hard-link-to-fifo', lambda diff: None, entry('p', FIFO), hard('q', 'p'))

# --- devices, fifos and other kinds (CVE-2019-16884, CVE-2021-4104 and old ones) --------------------------
confine('devices', lambda diff: None, entry('null', CHAR, major=1, minor=3), entry('sda', BLOCK, major=8))
refuse('device-as-directory', 'is no directory', entry('d', CHAR, major=1, minor=3), file('d/x'), only='root')
confine('device-0-0', lambda diff: None, entry('gone', CHAR), entry('gone2', BLOCK))
refuse('device-number-negative', 'malformed major', entry('d', CHAR, major=base256(-1, 8)))
refuse('device-number-huge', 'malformed minor', entry('d', CHAR, minor=base256(1 << 40, 8)))
confine('device-number-largest', lambda diff: None, entry('d', CHAR, major=4095, minor=1048575), as_user='')
confine('hard-link-to-device', lambda diff: None, entry('d', CHAR, major=1, minor=3), hard('h', 'd'),
        as_user='not in the layer')
refuse('fifo-as-directory', 'is no directory', entry('p', FIFO), file('p/x'))
refuse('fifo-as-file', TWICE, entry('p', FIFO), file('p', b'data'))
confine('fifo-replaced', holds('d/p', b'data'), directory('d'), symlink('e', 'd'), entry('d/p', FIFO), file('e/p', b'data'))
refuse('socket', 'unknown tar type', entry('s', 's'))
refuse('multi-volume', 'unknown tar type', entry('m', 'M'))
refuse('volume-label', 'unknown tar type', entry('v', 'V'))
refuse('solaris-acl', 'unknown tar type', entry('a', 'A'))
confine('file-type-bits-in-the-mode', mode('f', 0o644), file('f', mode=0o120644))
confine('contiguous-file', holds('f'), entry('f', '7', b'x'))
confine('old-tar-without-magic', both(holds('f'), lambda diff: os.listdir(os.path.join(diff, 'd'))),
        header('f', '\0', size=1, magic=b''), pad(b'x'), header('d/', '\0', magic=b''))

# --- whiteouts ---------------------------------------------------------------------------------------------
refuse('whiteout-of-nothing', 'of no name', file('.wh.'))
refuse('whiteout-of-dot', 'of no name', file('.wh..'))
refuse('whiteout-of-dotdot', 'of no name', file('.wh...'))
refuse('whiteout-of-dotdot-below', 'of no name', file('d/.wh...'))
confine('whiteout-of-three-dots', names('...'), file('.wh....'))
refuse('whiteout-outside', LEAVES, file('../.wh.link'))
refuse('whiteout-through-link', NOWHERE, symlink('d', OUT), file('d/.wh.victim'))
refuse('opaque-through-link', NOWHERE, symlink('d', OUT), file('d/.wh..wh..opq'))
refuse('opaque-through-relative-link', NOWHERE, symlink('d', UP + OUT), file('d/.wh..wh..opq'))
refuse('whiteout-as-directory', 'below a whiteout', directory('.wh.d'), file('.wh.d/x'))
refuse('opaque-as-directory', 'below a whiteout', file('.wh..wh..opq/x'))
refuse('aufs-directory', 'below a whiteout', file('.wh..wh.plnk/1.2'))
refuse('whiteout-of-a-file-of-this-layer', 'making a whiteout', file('f'), file('.wh.f'))
confine('whiteouts-of-every-kind', names('a', 'b', 'c', 'd'), file('.wh.a', b'data'), symlink('.wh.b', OUT),
        directory('.wh.c'), entry('.wh.d', FIFO))
confine('opaque-root', empty, file('.wh..wh..opq', b'data'))
confine('opaque-twice', names('d'), directory('d'), file('d/.wh..wh..opq'), file('d/a/../.wh..wh..opq2'))
confine('whiteout-notes-of-aufs', empty, file('.wh..wh.aufs'), file('.wh..wh.orph'), file('.wh..wh.plnk'))
refuse('whiteout-then-file-below', 'is no directory', file('.wh.d'), file('d/x'))

# --- attributes ----------------------------------------------------------------------------------------------
for name in ('trusted.overlay.redirect', 'trusted.overlay.opaque', 'trusted.overlay.metacopy', 'trusted.overlay.origin',
             'user.overlay.opaque', 'user.overlay.redirect', 'user.overlay.whiteouts'):
    refuse('attribute-' + name, STORES, directory('d', records={'SCHILY.xattr.' + name: 'y'}))
confine('attributes-of-other-stores', lambda diff: _no_attributes(diff, 'f'), file('f', records={
    'SCHILY.xattr.user.containers.override_stat': '0:0:4755', 'SCHILY.xattr.user.fuseoverlayfs.opaque': 'y',
    'SCHILY.xattr.security.selinux': 'system_u:object_r:shadow_t:s0'}))
refuse('attribute-with-nul-in-its-name', 'without a key', file('f', records={b'SCHILY.xattr.user.a\0b': 'y'}))
refuse('attribute-name-too-long', 'attribute', file('f', records={'SCHILY.xattr.user.' + 'a' * 300: 'y'}))
refuse('attribute-too-large', 'attribute', file('f', records={'SCHILY.xattr.user.a': 'y' * 70000}))
refuse('attributes-too-many', 'more than 1024 extended attributes',
       file('f', records={'SCHILY.xattr.user.a%d' % i: 'y' for i in range(1100)}))
refuse('capability-malformed', 'security.capability', file('f', records={'SCHILY.xattr.security.capability': 'y'}),
       as_user='security.capability')
confine('attribute-of-no-name', holds('f'), file('f', records={'SCHILY.xattr.': 'y'}))


def _no_attributes(diff, path):
    got = [n for n in os.listxattr(os.path.join(diff, path)) if n.startswith('user.')]
    assert got in ([], ['user.containers.override_stat']), got


# --- numbers (CVE-2017-12378 and the integer overflows of every tar) -----------------------------------------
refuse('size-negative', 'malformed size', header('f', size=base256(-1, 12)))
refuse('size-most-negative', 'malformed size', header('f', size=b'\xff' + bytes(11)))
refuse('size-of-2-to-the-63', 'malformed size', header('f', size=base256(1 << 63, 12)))
refuse('size-of-2-to-the-64', 'malformed size', header('f', size=base256(1 << 64, 12)))
refuse('size-of-2-to-the-63-less-one', 'more than', header('f', size=base256((1 << 63) - 1, 12)))
refuse('size-that-wraps-with-its-padding', 'more than|malformed', header('f', size=base256((1 << 63) - 256, 12)))
refuse('size-not-octal', 'malformed size', header('f', size=b'00000000099'))
refuse('size-with-sign', 'malformed size', header('f', size=b'-0000000001'))
refuse('size-without-end', 'cut off|more than', header('f', size=b'777777777777'))
refuse('size-in-pax-negative', '"size"', file('f', records={'size': '-1'}))
refuse('size-in-pax-of-2-to-the-64', '"size"', file('f', records={'size': str(1 << 64)}))
refuse('size-in-pax-empty-digits', '"size"', file('f', records={'size': '0x10'}))
refuse('size-in-pax-larger-than-the-file', 'cut off', file('f', b'x', records={'size': '100000'}))
refuse('size-in-pax-hides-an-entry', 'checksum', pax([('size', '0')]), header('f', size=1024),
       pad(file('hidden')), b'garbage'.ljust(512, b'!'))
refuse('size-larger-than-the-archive', 'cut off', header('f', size=1 << 30), pad(b'x'))
refuse('uid-negative', 'malformed uid', header('f', uid=base256(-1, 8)))
refuse('uid-of-all-ones', 'owner out of range', header('f', uid=base256(0xffffffff, 8)))
refuse('gid-of-2-to-the-32', 'owner out of range', header('f', gid=base256(1 << 32, 8)))
refuse('uid-in-pax-of-2-to-the-32', 'owner out of range', file('f', records={'uid': str(1 << 32)}))
refuse('mode-not-octal', 'malformed mode', header('f', mode=b'rwxrwx'))
confine('time-before-1970', holds('f'), file('f', mtime=base256(-1000000000, 12)))
confine('time-largest', holds('f'), file('f', mtime=base256((1 << 62), 12)))
confine('time-in-pax-smallest', holds('f'), file('f', records={'mtime': '-9223372036854775807.999999999'}))
refuse('time-in-pax-malformed', '"mtime"', file('f', records={'mtime': '1.2.3'}))

# --- headers ----------------------------------------------------------------------------------------------------
refuse('checksum-wrong', 'checksum', header('f', checksum=b'000000\0 '))
refuse('not-a-tar', 'not a tar archive', b'<html>not found</html>'.ljust(600), end=False)
refuse('one-block-of-zeros', 'zeros', file('f'), bytes(512), file('g'))
refuse('cut-in-a-header', 'cut off', file('f'), header('g')[:300], end=False)
refuse('cut-in-a-file', 'cut off', header('f', size=5000), b'x' * 700, end=False)
refuse('cut-in-pax', 'cut off', pax([('path', 'x' * 3000)])[:1024], end=False)
refuse('pax-without-entry', 'without an entry', pax([('path', 'x')]))
refuse('pax-record-without-length', 'malformed record', pax([], text=b' path=x\n'), header('f'))
refuse('pax-record-too-long', 'malformed record', pax([], text=b'999 path=x\n'), header('f'))
refuse('pax-record-of-2-to-the-64', 'malformed record', pax([], text=b'18446744073709551627 path=x\n'), header('f'))
refuse('pax-record-too-short', 'malformed record', pax([], text=b'1 path=x\n'), header('f'))
refuse('pax-record-of-length-0', 'malformed record', pax([], text=b'0 path=x\n'), header('f'))
refuse('pax-record-without-newline', 'malformed record', pax([], text=b'9 path=xx'), header('f'))
refuse('pax-record-without-equals', 'without a key', pax([], text=b'9 pathxx\n'), header('f'))
refuse('pax-of-2-megabytes', 'more than 1048576 bytes', pax([('path', 'x' * (2 << 20))]), header('f'))
refuse('pax-size-negative', 'malformed size', header('pax', 'x', size=base256(-512, 12)))
refuse('pax-of-8-gigabytes', 'more than 1048576 bytes', header('pax', 'x', size=(8 << 30) - 1))
refuse('long-name-of-8-gigabytes', 'more than 1048576 bytes', header('long', 'L', size=(8 << 30) - 1))
refuse('long-names-together', 'more than 1048576 bytes', long_name('L', 'x' * 600000), long_name('K', 'y' * 600000), header('f'))
refuse('long-name-without-entry', 'without an entry', long_name('L', 'x'))
confine('global-header-changes-nothing', names('f'), pax([('path', UP + OUT + '/pwned'), ('size', '99'), ('uid', '1')], 'g'), file('f'))
refuse('global-header-of-2-megabytes', 'more than 1048576 bytes', pax([('comment', 'x' * (2 << 20))], 'g'))
confine('what-is-behind-the-end', names('f'), file('f'), END, file(UP + OUT + '/pwned'))
confine('last-of-repeated-records-counts', names('b'), pax([('path', 'a'), ('path', 'b')]), header('f'))
refuse('last-of-repeated-records-leads-out', LEAVES, pax([('path', 'a'), ('path', '../b')]), header('f'))
refuse('last-of-repeated-headers-leads-out', LEAVES, long_name('L', 'good'), long_name('L', '../b'), header('f'))
confine('pax-of-an-entry-ends-with-it', names('a', 'f'), pax([('path', 'a')]), header('x'), header('f'))

# --- sparse files --------------------------------------------------------------------------------------------------
GNU = b'ustar  \0'


def old_sparse(name, extents, size, real, data, **more):
    table = b''.join(octal(a, 12) + octal(n, 12) for a, n in extents)
    return header(name, 'S', size=size, magic=GNU, more=[(386, table), (483, octal(real, 12))], **more) + pad(data)


def sparse(extents, size, data=b'x', **more):
    return file('f', data, records=dict({'GNU.sparse.major': '0', 'GNU.sparse.minor': '1', 'GNU.sparse.size': str(size),
                                         'GNU.sparse.map': extents}, **more))


refuse('sparse-of-a-terabyte', 'need more than', sparse('0,1', BIG))
refuse('sparse-old-of-a-terabyte', 'need more than', old_sparse('f', [(0, 1)], 1, base256(BIG, 12), b'x'))
refuse('sparse-1-0-of-a-terabyte', 'need more than', file('f', b'1\n0\n1\n'.ljust(512, b'\0') + b'x', records={
    'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': str(BIG)}))
refuse('sparse-of-many-half-terabytes', 'need more than', *[file('f%d' % i, records={
    'GNU.sparse.size': str(200 << 30), 'GNU.sparse.map': '0,1'}) for i in range(3)])
refuse('sparse-beyond-its-size', 'does not fit', sparse('100,1', 50))
refuse('sparse-backwards', 'does not fit', sparse('100,1,0,1', 500, b'xy'))
refuse('sparse-overlapping', 'does not fit', sparse('0,2,1,2', 500, b'wxyz'))
refuse('sparse-that-wraps', 'does not fit', sparse('%d,%d' % ((1 << 63) - 1, (1 << 63) - 1), 500))
refuse('sparse-of-too-much-data', 'does not fit', sparse('0,1', 500, b'xyz'))
refuse('sparse-of-too-little-data', 'does not fit', sparse('0,100', 500))
refuse('sparse-of-odd-numbers', 'GNU.sparse.map', sparse('0,1,2', 500))
refuse('sparse-negative', 'GNU.sparse', sparse('0,-1', 500))
refuse('sparse-size-negative', '"size"', sparse('0,1', -500))
refuse('sparse-without-size', 'without a size', file('f', records={'GNU.sparse.map': '0,1'}))
refuse('sparse-of-half-pairs', 'GNU.sparse', pax([('GNU.sparse.size', '9'), ('GNU.sparse.offset', '0'),
                                                   ('GNU.sparse.offset', '1')]), header('f', size=1), pad(b'x'))
refuse('sparse-1-0-counts-forever', 'sparse map', file('f', (b'%d\n' % (1 << 62)).ljust(512, b'1'), records={
    'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9'}))
refuse('sparse-1-0-longer-than-its-file', 'sparse map', file('f', b'', records={
    'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9'}))
refuse('sparse-old-that-lies', 'does not fit', old_sparse('f', [(0, 9)], 1, 100, b'x'))
refuse('sparse-old-map-without-end', 'more than 1048576 bytes', header('f', 'S', magic=GNU, more=[(482, b'\1'), (483, octal(9, 12))]),
       *[bytes(504) + b'\1' + bytes(7)] * 2100)
SPREAD = [(1 << 20, b'one'), (1 << 29, b'two'), (1 << 30, b'three')]


def _is_spread(diff):
    """Each piece in its place, and zeros in between."""
    with open(os.path.join(diff, 'f'), 'rb') as f:
        for at, piece in SPREAD:
            f.seek(at - 1)
            assert f.read(len(piece) + 2) == b'\0' + piece + b'\0', at
    assert os.lstat(os.path.join(diff, 'f')).st_blocks < 1000


PIECES = b''.join(piece for _, piece in SPREAD)
confine('sparse-0-0', _is_spread, pax([('GNU.sparse.size', str(2 << 30)), ('GNU.sparse.numblocks', '3')] + [
    r for at, piece in SPREAD for r in (('GNU.sparse.offset', str(at)), ('GNU.sparse.numbytes', str(len(piece))))]),
    header('f', size=len(PIECES)), pad(PIECES))
confine('sparse-0-1', _is_spread, sparse(','.join('%d,%d' % (at, len(piece)) for at, piece in SPREAD), 2 << 30, PIECES))
confine('sparse-1-0', _is_spread, file('x', pad(b'3\n' + b''.join(b'%d\n%d\n' % (at, len(piece)) for at, piece in SPREAD)) + PIECES,
        records={'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'f', 'GNU.sparse.realsize': str(2 << 30)}))
confine('sparse-old-of-three', _is_spread, old_sparse('f', [(at, len(piece)) for at, piece in SPREAD], len(PIECES), 2 << 30, PIECES))
confine('sparse-old', lambda diff: _is_sparse(diff), old_sparse('f', [(0, 1), (1 << 30, 1)], 2, 2 << 30, b'xy'))
confine('sparse-of-all-holes', lambda diff: _is_sparse(diff), file('f', b'', records={
    'GNU.sparse.size': str(2 << 30), 'GNU.sparse.map': '0,0'}))


def _is_sparse(diff):
    st = os.lstat(os.path.join(diff, 'f'))
    assert st.st_size == 2 << 30 and st.st_blocks < 100, st


# --- the same name twice ------------------------------------------------------------------------------------------------
KINDS = {'file': file('n'), 'directory': directory('n'), 'symlink': symlink('n', OUT), 'fifo': entry('n', FIFO),
         'hard-link': hard('n', 'other')}
for first in KINDS:
    for second in KINDS:
        refuse('twice-%s-%s' % (first, second), TWICE, file('other'), KINDS[first], KINDS[second])
refuse('twice-by-another-spelling', TWICE, file('a/n'), file('./a//b/../n'))
refuse('twice-among-very-many', TWICE, *[file('f%d' % i) for i in range(2000)], directory('d'), *[
    file('d/f%d' % i) for i in range(2000)], directory('d/'))
refuse('twice-more-often-than-is-searched', TWICE, *[file('f%d' % i) for i in range(400)], *[
    directory('d'), symlink('e', 'd')], *[file('d/f%d' % i) for i in range(400)], *[
    file('e/f%d' % i) for i in range(400)], file('d/f1'))

# --- bombs ------------------------------------------------------------------------------------------------------------------
MEBI = 1 << 20


def zeros(count, wrap):
    """Many members or frames of a mebibyte of zeros each."""
    return wrap(bytes(MEBI)) * count


# Each costs 4 GiB of work, so that each kind of user has one.
blob('bomb-gzip', lambda: gz(header('f', size=base256(64 << 30, 12))) + zeros(9000, gz), 'decompression bomb', only='root')
blob('bomb-zstd-behind-the-end', lambda: zstd(file('f') + END) + zeros(9000, zstd), 'decompression bomb', only='user')
blob('bomb-of-10-million-entries', lambda: gz(directory('./') * 20000) * 500, 'decompression bomb: .* entries')
blob('bomb-of-headers', lambda: zstd(header('f', size=8) + pad(b'x' * 8)) + zstd(
    pax([('a', 'b')]) * 20000) * 900, 'more than 1048576 bytes')
blob('xz-dictionary-of-4-gigabytes', lambda: xz_with_dictionary(file('f') + END, 40), 'more memory than it may have')
blob('xz-dictionary-in-a-later-stream', lambda: xz(file('f')) + xz_with_dictionary(END, 38), 'more memory than it may have')
blob('zstd-window-of-2-gigabytes', lambda: zstd_window(), 'window larger than 128 MiB')
refuse('entries-of-half-a-terabyte-each', 'need more than|cut off', *[header('f%d' % i, size=base256(300 << 30, 12)) for i in range(2)])


def zstd_window():
    """A frame header with a window of 2 GiB, and one raw block."""
    return b'\x28\xb5\x2f\xfd' + b'\x00' + bytes([21 << 3]) + b'\x01\x00\x00'


# --- compression, by content and not by name -----------------------------------------------------------------------------------
GOOD = file('f', b'content') + END
blob('gzip-of-many-members', lambda: b''.join(gz(GOOD[i:i + 100]) for i in range(0, len(GOOD), 100)), check=holds('f', b'content'))
blob('zstd-of-many-frames', lambda: b''.join(zstd(GOOD[i:i + 100]) for i in range(0, len(GOOD), 100)), check=holds('f', b'content'))
blob('zstd-chunked', lambda: zstd(GOOD[:512]) + skippable(b'{"version":1}') + zstd(GOOD[512:]) + skippable(b'GNUlInUx' * 5),
     check=holds('f', b'content'))
blob('zstd-behind-a-skippable-frame', lambda: skippable(b'') + skippable(b'x' * 1000) + zstd(GOOD), check=holds('f', b'content'))
blob('bzip2', lambda: bzip2(GOOD), check=holds('f', b'content'))
blob('bzip2-of-two-streams', lambda: bzip2(GOOD[:512]) + bzip2(GOOD[512:]), check=holds('f', b'content'))
blob('xz', lambda: xz(GOOD), check=holds('f', b'content'))
blob('xz-of-two-streams', lambda: xz(GOOD[:512]) + xz(GOOD[512:]), check=holds('f', b'content'))
blob('no-compression', lambda: GOOD, check=holds('f', b'content'))
blob('gzip-with-garbage-behind', lambda: gz(GOOD) + b'garbage' * 100, 'something else behind')
blob('gzip-with-wrong-sum', lambda: gz(GOOD)[:-8] + b'\1\2\3\4' + gz(GOOD)[-4:], 'checksum mismatch|damaged')
blob('gzip-with-wrong-length', lambda: gz(GOOD)[:-4] + b'\1\2\3\4', 'gzip')
blob('gzip-cut-off', lambda: gz(GOOD)[:-9], 'cut off')
blob('gzip-header-without-end', lambda: b'\x1f\x8b\x08\x08' + b'\0' * 6 + b'n' * 5000, 'gzip|not a tar')
blob('gzip-extra-field-of-64k', lambda: b'\x1f\x8b\x08\x04' + b'\0' * 6 + b'\xff\xff' + b'n' * 100, 'gzip|not a tar')
blob('gzip-in-gzip', lambda: gz(gz(GOOD)), 'not a tar')
blob('zstd-cut-off', lambda: zstd(GOOD)[:-3], 'cut off')
blob('zstd-with-garbage-behind', lambda: zstd(GOOD) + b'garbage!', 'zstd')
blob('zstd-with-dictionary', lambda: b'\x28\xb5\x2f\xfd' + b'\x21\x07\x01\x01\x00\x00', 'zstd')
blob('zstd-skippable-frame-of-4-gigabytes', lambda: zstd(GOOD) + b'\x50\x2a\x4d\x18\xff\xff\xff\xff', 'cut off')
blob('bzip2-cut-off', lambda: bzip2(GOOD)[:-9], 'bzip2')
blob('xz-cut-off', lambda: xz(GOOD)[:-9], 'xz')
blob('lz4', lambda: b'\x04\x22\x4d\x18' + b'x' * 600, 'not a tar')
