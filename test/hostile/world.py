"""One run of the corpus: a store, things beside it that nothing may touch, a picture of both, TAP."""
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KIST = os.environ.get('KIST', os.path.join(TOP, 'bin/kist'))
LIMIT = 60  # seconds that one command may take
SLOW = 2  # what takes longer is told
ROOT = os.getuid() == 0


class World:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='kh.', dir=os.environ.get('KIST_TEST_DIR', '/var/tmp'))
        self.out, self.store = os.path.join(self.dir, 'out'), os.path.join(self.dir, 'store')
        for d in (self.out, self.store, os.path.join(self.dir, 'home'), os.path.join(self.dir, 'xdg')):
            os.mkdir(d, 0o700)
        with open(os.path.join(self.out, 'victim'), 'w') as f:
            f.write('keep')
        os.chmod(os.path.join(self.out, 'victim'), 0o600)
        self.env = dict(os.environ, HOME=os.path.join(self.dir, 'home'), LC_ALL='C.UTF-8',
                        XDG_RUNTIME_DIR=os.path.join(self.dir, 'xdg'),
                        REGISTRY_AUTH_FILE=os.path.join(self.dir, 'home/auth.json'))
        for name in ('CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF', 'CONTAINERS_REGISTRIES_CONF', 'DOCKER_CONFIG',
                     'http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'):
            self.env.pop(name, None)

    def close(self):
        self.kist('system', 'reset', '-f')
        remove(self.dir)

    def command(self, *args):
        return [KIST, '--root', os.path.join(self.store, 'root'), '--runroot', os.path.join(self.store, 'run'), *args]

    def kist(self, *args, limit=LIMIT, **more):
        if 'input' not in more:
            more['stdin'] = subprocess.DEVNULL
        try:
            r = subprocess.run(self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env,
                               cwd=self.dir, timeout=limit, **more)
        except subprocess.TimeoutExpired as e:
            raise AssertionError('%s: no end within %d s' % (' '.join(args), limit)) from e
        assert r.returncode in range(128), '%s: ended with %d: %s' % (args, r.returncode, r.stderr)
        return r

    # --- pictures -------------------------------------------------------------------------------------
    def outside(self):
        """What must not change: the directory beside the store, and the store's own neighbours."""
        picture = {}
        for path in walk(self.out):
            picture[path] = look(path, content=True)
        picture['beside'] = sorted(os.listdir(self.dir)), sorted(os.listdir('/'))
        return picture

    def inside(self):
        """The store, but for what every command may write: locks, the order of records."""
        picture, root = {}, os.path.join(self.store, 'root')
        for path in walk(root):
            rel = os.path.relpath(path, root)
            name = os.path.basename(path)
            if name.endswith('.lock') and not rel.startswith('kist/'):
                continue
            if name in ('layers.json', 'images.json', 'volatile-layers.json', 'containers.json'):
                with open(path) as f:
                    picture[rel] = json.load(f)
            else:
                picture[rel] = look(path)
        return picture

    def images(self):
        try:
            with open(os.path.join(self.store, 'root/overlay-images/images.json')) as f:
                return json.load(f)
        except FileNotFoundError:
            return []

    def diff(self, layer):
        return os.path.join(self.store, 'root/overlay', layer, 'diff')


def walk(top):
    """Every path below, of any depth."""
    todo = [top]
    while todo:
        directory = todo.pop()
        try:
            entries = list(os.scandir(directory))
        except OSError:
            continue
        for e in entries:
            yield e.path
            if e.is_dir(follow_symlinks=False):
                todo.append(e.path)


def look(path, content=False):
    st = os.lstat(path)
    what = [stat.S_IFMT(st.st_mode), st.st_mode & 0o7777, st.st_uid, st.st_gid]
    if stat.S_ISLNK(st.st_mode):
        what.append(os.readlink(path))
    elif stat.S_ISREG(st.st_mode):
        what.append(st.st_size)
        if content:
            what.append(st.st_mtime_ns)
            with open(path, 'rb') as f:
                what.append(f.read())
    return what


def remove(path):
    """Also what belongs to subordinate users, and trees deeper than a path."""
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if subprocess.run(['rm', '-rf', '--one-file-system', path], **quiet).returncode == 0:
        return
    subprocess.run(['unshare', '--user', '--map-root-user', '--map-auto', 'rm', '-rf', path], **quiet)
    shutil.rmtree(path, ignore_errors=True)


def compare(before, after, what):
    assert before == after, '%s: %s' % (what, '; '.join(
        '%r: %r, was %r' % (k, after.get(k), before.get(k))
        for k in sorted(set(before) | set(after)) if before.get(k) != after.get(k))[:2000])


def refused(r, pattern):
    text = r.stderr.decode(errors='replace')
    assert r.returncode == 125, 'exit code %d, wanted 125: %s' % (r.returncode, text)
    assert re.search(pattern, text), 'no /%s/ in: %s' % (pattern, text)
    clean(r)


def clean(r):
    """Nothing of what strangers say steers a terminal."""
    text = (r.stderr + r.stdout).decode(errors='replace')
    assert not re.search('[\x00-\x08\x0b-\x1f\x7f-\x9f]', text), 'control characters in %r' % text


class Tap:
    def __init__(self, wanted):
        self.wanted, self.n, self.failed = wanted, 0, 0

    def wants(self, name):
        return not self.wanted or any(re.fullmatch(w, name) for w in self.wanted)

    def test(self, name, title, fn, *args):
        if not self.wants(name):
            return
        self.n += 1
        begin = time.monotonic()
        try:
            skip = fn(*args)
            print('ok %d - %s%s' % (self.n, title, ' # SKIP ' + skip if skip else ''), flush=True)
        except Exception as e:  # whatever it is, the next test has its turn
            self.failed += 1
            print('not ok %d - %s' % (self.n, title))
            for line in ('%s: %s' % (type(e).__name__, e)).splitlines()[:20]:
                print('# ' + line[:500])
            print('# repeat: test/hostile/run %s' % name, flush=True)
        if time.monotonic() - begin > SLOW:
            print('# %.1f s' % (time.monotonic() - begin), flush=True)

    def end(self):
        print('1..%d' % self.n)
        sys.exit(1 if self.failed else 0)
