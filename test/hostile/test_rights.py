"""What the processes that take foreign bytes apart could do: looked up in /proc while they wait for more of them."""
import os
import re
import subprocess
import time

import tarmaker
from layers import END
from world import ROOT

FILES = sum(1 << n for n in (0, 1, 3, 4, 27, 31))  # CHOWN DAC_OVERRIDE FOWNER FSETID MKNOD SETFCAP
SYS_ADMIN = 1 << 21
FIRST = tarmaker.file('f', b'x' * 3000000)


def status(pid):
    with open('/proc/%d/status' % pid) as f:
        return dict(re.findall(r'^(\w+):\s+(.*)$', f.read(), re.M))


def children(pid):
    with open('/proc/%d/task/%d/children' % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def descriptors(pid):
    top = '/proc/%d/fd' % pid
    return {int(n): os.readlink(os.path.join(top, n)) for n in os.listdir(top)}


def eventually(fn, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = fn()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError('it did not come to that')


def is_confined(pid):
    try:
        return status(pid)['Seccomp'] == '2'
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_no_rights(pid):
    return int(status(pid)['CapEff'], 16) == 0


def check(pid, caps):
    s = status(pid)
    assert int(s['CapEff'], 16) == int(s['CapPrm'], 16) == caps, s['CapEff']
    assert int(s['CapInh'], 16) == int(s['CapAmb'], 16) == 0, s
    assert s['NoNewPrivs'] == '1' and s['Seccomp'] == '2', s
    with open('/proc/%d/limits' % pid) as f:
        assert re.search(r'Max data size\s+536870912\s+536870912', f.read()), 'no limit of memory'


def check_descriptors(pid, allowed):
    fds = descriptors(pid)
    assert [fds[n] for n in (0, 1, 2)] == ['/dev/null'] * 3, fds
    for n, to in fds.items():
        assert n < 3 or re.match(allowed, to), '%d: %s' % (n, to)


class Waiting:
    """kist with an archive on its standard input that does not end yet."""

    def __init__(self, world, *args):
        self.p = subprocess.Popen(world.command(*args), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=world.env, cwd=world.dir)
        self.p.stdin.write(FIRST)
        self.p.stdin.flush()

    def child(self):
        return eventually(lambda: [c for c in children(self.p.pid) if is_confined(c)])[0]

    def end(self, code):
        out, err = self.p.communicate(END, timeout=60)
        assert self.p.returncode == code, (self.p.returncode, out, err)


def unpacking(world):
    w = Waiting(world, 'import', '-q', '-', 'localhost/rights')
    worker = w.child()
    inner = os.path.join(world.store, 'root/overlay/')
    check(worker, FILES | (SYS_ADMIN if ROOT else 0))
    for name in ('net',) if ROOT else ('net', 'user'):
        assert os.readlink('/proc/%d/ns/%s' % (worker, name)) != os.readlink('/proc/self/ns/' + name), name
    check_descriptors(worker, r'(socket|pipe|anon_inode):|/memfd:kist-owners|%s[0-9a-f]{64}/diff|%s' % (
        re.escape(inner), re.escape(os.path.join(world.store, 'root/overlay-layers/')) + r'[0-9a-f]{64}\.tar-split\.gz'))
    helpers = []
    if len(os.sched_getaffinity(0)) >= 2:
        helpers = eventually(lambda: [c for c in children(worker) if is_confined(c)][:2][1:] and
                             [c for c in children(worker) if is_confined(c)])
        assert len(helpers) == 2, helpers
    for helper in helpers:
        # it is born with the worker's filter, and gives up the rights after that
        eventually(lambda: has_no_rights(helper))
        check(helper, 0)
        check_descriptors(helper, r'(socket|pipe):')
    w.end(0)
    world.kist('rmi', 'localhost/rights')
    return None if helpers else 'one processor: no helpers'


def reading_archives(world):
    w = Waiting(world, 'load', '-q')
    reader = w.child()
    check(reader, 0)
    check_descriptors(reader, r'pipe:|/memfd:kist-members|%s' % re.escape(os.path.join(world.store, 'root/')))
    w.end(125)


def run(tap, world):
    tap.test('rights-of-the-layer-worker', 'the layer worker and its helpers have the rights that they need, and no more',
             unpacking, world)
    tap.test('rights-of-the-archive-reader', 'the archive reader has no rights at all', reading_archives, world)
