"""Archives for load that lie: docker's kind, OCI layouts, directories. Nothing of them may be left."""
import os
import re
import shutil

import tarmaker
from layers import END, LEAVES, OUT, UP
from registry import OCI, arch, digest, dumps
from tarmaker import directory, entry, file, gz, hard, symlink, xz_with_dictionary
from world import clean, compare, refused

GOOD = file('f', b'of archives alone') + END  # no other test has this layer
TESTS = []


def named(name, pattern):
    """fn() gives the archive's bytes, or a dict of paths for a directory. Without a pattern it is taken in."""
    def add(fn):
        TESTS.append((name, pattern, fn))
    return add


CONFIG = dumps({'architecture': arch(), 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [digest(GOOD)]}})


def index(**change):
    return dumps([dict({'Config': 'config.json', 'RepoTags': ['localhost/hostile:1'], 'Layers': ['layer.tar']}, **change)])


def docker(*more, manifest=None, config=CONFIG, layer=GOOD):
    parts = [file('manifest.json', index() if manifest is None else manifest), file('config.json', config)]
    if layer is not None:
        parts.append(file('layer.tar', layer))
    return b''.join(parts + list(more)) + END


def oci(change=lambda m: m, index_change=lambda i: i, layout=b'{"imageLayoutVersion":"1.0.0"}', layer=GOOD, **more):
    """Paths and contents of a layout."""
    manifest = dumps(change({'schemaVersion': 2, 'mediaType': OCI + 'manifest.v1+json', 'config': {
        'mediaType': OCI + 'config.v1+json', 'digest': digest(CONFIG), 'size': len(CONFIG)}, 'layers': [{
            'mediaType': OCI + 'layer.v1.tar', 'digest': digest(GOOD), 'size': len(GOOD)}]}))
    top = dumps(index_change({'schemaVersion': 2, 'manifests': [{
        'mediaType': OCI + 'manifest.v1+json', 'digest': digest(manifest), 'size': len(manifest)}]}))
    files = {'oci-layout': layout, 'index.json': top}
    for data, content in ((CONFIG, CONFIG), (manifest, manifest), (GOOD, layer)):
        files['blobs/sha256/' + digest(data)[7:]] = content
    files.update(more)
    return files


def oci_tar(*args, **more):
    return b''.join(file(name, data) for name, data in oci(*args, **more).items()) + END


LAYER_BLOB = 'blobs/sha256/' + digest(GOOD)[7:]
NOT_THERE = 'missing|neither a docker archive'


# --- docker's archive ----------------------------------------------------------------------------------
named('config-outside', 'no member.s name')(lambda: docker(manifest=index(Config=UP + OUT + '/victim')))
named('config-absolute', 'missing')(lambda: docker(manifest=index(Config=OUT + '/victim')))
named('layer-outside', 'no member.s name')(lambda: docker(manifest=index(Layers=[UP + OUT + '/victim'])))
named('layer-absolute', 'missing')(lambda: docker(manifest=index(Layers=[OUT + '/victim'])))
named('layer-by-link-outside', 'missing')(lambda: docker(symlink('layer.tar', OUT + '/victim'), layer=None))
named('layer-by-relative-link-outside', 'missing')(lambda: docker(symlink('layer.tar', UP + OUT + '/victim'), layer=None))
named('layer-by-hard-link-outside', 'missing')(lambda: docker(hard('layer.tar', OUT + '/victim'), layer=None))
named('layer-by-link-loop', 'missing')(lambda: docker(symlink('layer.tar', 'b'), symlink('b', 'layer.tar'), layer=None))
named('layer-by-long-chain', 'missing')(lambda: docker(
    symlink('layer.tar', 'l0'), *[symlink('l%d' % i, 'l%d' % (i + 1)) for i in range(50)], file('l50', GOOD), layer=None))
named('layer-is-a-directory', 'missing')(lambda: docker(directory('layer.tar'), layer=None))
named('layer-is-a-fifo', 'missing')(lambda: docker(entry('layer.tar', '6'), layer=None))
named('layer-is-a-device', 'missing')(lambda: docker(entry('layer.tar', '3', major=1, minor=5), layer=None))
named('layer-is-sparse', 'missing|need more')(lambda: docker(file('layer.tar', b'x', records={
    'GNU.sparse.size': str(1 << 40), 'GNU.sparse.map': '0,1'}), layer=None))
named('layer-of-other-content', 'configuration says')(lambda: docker(layer=file('other') + END))
named('layer-that-attacks', LEAVES)(lambda: docker(
    layer=file(UP + OUT + '/pwned') + END, config=CONFIG.replace(digest(GOOD).encode(), digest(file(UP + OUT + '/pwned') + END).encode())))
named('layer-that-is-no-tar', 'not a tar')(lambda: docker(layer=b'x' * 2000))
named('layer-of-no-bytes', 'has 0 bytes')(lambda: docker(layer=b''))
named('manifest-twice', 'twice')(lambda: docker(file('manifest.json', index(RepoTags=['localhost/other:1']))))
named('manifest-twice-by-spelling', 'twice')(lambda: docker(file('./a/../manifest.json', index())))
named('manifest-is-a-directory', NOT_THERE)(lambda: directory('manifest.json') + file('config.json', CONFIG) + END)
named('manifest-is-a-link-outside', NOT_THERE)(lambda: symlink('manifest.json', OUT + '/victim') + END)
named('manifest-of-5-megabytes', 'larger than')(lambda: docker(manifest=b'[' + b' ' * (5 << 20) + b']'))
named('manifest-of-deep-json', 'nested deeper')(lambda: docker(manifest=b'[' * 100000))
named('manifest-of-a-million-values', 'more than [0-9]* values')(lambda: docker(manifest=b'[' + b'1,' * 1000000 + b'1]'))
named('manifest-of-no-images', '.*image')(lambda: docker(manifest=b'[]'))
named('manifest-of-2000-images', 'images')(lambda: docker(manifest=b'[' + b','.join([index()[1:-1]] * 2000) + b']'))
named('manifest-of-600-layers', 'layers')(lambda: docker(manifest=index(Layers=['layer.tar'] * 600)))
named('manifest-of-other-types', 'expected')(lambda: docker(manifest=index(Layers='layer.tar')))
named('config-of-9-megabytes', 'larger than')(lambda: docker(config=b'{' + b' ' * (9 << 20) + b'}'))
named('config-of-no-layers', '1 layers, but the configuration has 0')(lambda: docker(
    config=CONFIG.replace(b'["%s"]' % digest(GOOD).encode(), b'[]')))
named('config-that-is-binary', 'image config')(lambda: docker(config=bytes(range(256))))
named('more-than-100000-members', 'more than 100000 files')(lambda: b''.join(
    tarmaker.header('f%d' % i) for i in range(100001)) + END)
named('cut-off', 'cut off')(lambda: docker()[:600])
named('garbage', 'not a tar')(lambda: b'garbage' * 1000)
named('much-behind-the-end', 'behind the archive.s end')(lambda: gz(docker()) + gz(bytes(1 << 20)) * 70)
named('xz-that-wants-4-gigabytes', 'more memory than it may have')(lambda: xz_with_dictionary(docker(), 40))
named('gzip-with-wrong-sum', 'checksum|damaged')(lambda: gz(docker())[:-8] + b'12345678')
named('names-that-steer-the-terminal', 'missing')(lambda: docker(manifest=index(Layers=['\x1b]0;x\x07\x9b31m'])))
named('tags-that-steer-the-terminal', None)(lambda: docker(manifest=index(RepoTags=['\x1b[31mx', '../../x', 'localhost/UPPER', 'a' * 5000])))
named('a-header-that-is-not-applied', None)(lambda: tarmaker.pax([('path', 'evil')], 'g') + docker())

# --- OCI layouts in a tar ---------------------------------------------------------------------------------
named('oci-version-unknown', 'imageLayoutVersion|version')(lambda: oci_tar(layout=b'{"imageLayoutVersion":"9.0.0"}'))
named('oci-layout-of-a-megabyte', 'larger than')(lambda: oci_tar(layout=b'{' + b' ' * (1 << 20) + b'}'))
named('oci-digest-is-a-path', 'digest')(lambda: oci_tar(index_change=lambda i: dict(
    i, manifests=[dict(i['manifests'][0], digest='sha256:' + UP + OUT + '/victim')])))
named('oci-layer-digest-is-a-path', 'digest')(lambda: oci_tar(lambda m: dict(
    m, layers=[dict(m['layers'][0], digest=UP + OUT + '/victim')])))
named('oci-layer-size-lies', 'bytes')(lambda: oci_tar(lambda m: dict(m, layers=[dict(m['layers'][0], size=5)])))
named('oci-layer-of-other-content', 'digest')(lambda: oci_tar(layer=GOOD.replace(b'alone', b'ALONE')))
named('oci-artifact', 'artifact')(lambda: oci_tar(lambda m: dict(m, config=dict(m['config'], mediaType='text/plain'))))
named('oci-layer-of-unknown-type', 'media type')(lambda: oci_tar(lambda m: dict(m, layers=[dict(m['layers'][0], mediaType='x/y')])))
named('oci-no-images', 'names no image')(lambda: oci_tar(index_change=lambda i: dict(i, manifests=[])))
named('oci-2000-images', 'more than 1000')(lambda: oci_tar(index_change=lambda i: dict(i, manifests=i['manifests'] * 2000)))
named('oci-name-that-steers-the-terminal', None)(lambda: oci_tar(index_change=lambda i: dict(i, manifests=[dict(
    i['manifests'][0], annotations={'org.opencontainers.image.ref.name': '\x1b]0;x\x07'})])))

# --- directories: links, fifos and devices that somebody put there -------------------------------------------
LINK, PIPE = object(), object()
named('dir-blob-is-a-link-outside', 'No such|missing|outside|opening')(lambda: oci(**{LAYER_BLOB: (LINK, OUT + '/victim')}))
named('dir-blob-is-a-link-to-zero', 'No such|missing|regular|opening')(lambda: oci(**{LAYER_BLOB: (LINK, '/dev/zero')}))
named('dir-blob-is-a-fifo', 'no regular file')(lambda: oci(**{LAYER_BLOB: PIPE}))
named('dir-index-is-a-fifo', 'no regular file')(lambda: oci(**{'index.json': PIPE}))
named('dir-index-is-a-link-outside', 'index.json is missing|neither')(lambda: oci(**{'index.json': (LINK, OUT + '/victim')}))
named('dir-layout-is-a-link-to-itself', 'oci-layout|levels|neither')(lambda: oci(**{'oci-layout': (LINK, 'oci-layout')}))
named('dir-blob-by-proc', 'No such|missing|opening')(lambda: oci(**{LAYER_BLOB: (LINK, '/proc/self/fd/0')}))
named('dir-of-blobs-is-a-link-outside', 'No such|missing')(lambda: {
    'oci-layout': oci()['oci-layout'], 'index.json': oci()['index.json'], 'blobs': (LINK, OUT)})


def write_directory(top, files):
    for name, what in files.items():
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if what is PIPE:
            os.mkfifo(path)
        elif isinstance(what, tuple):
            os.symlink(what[1], path)
        else:
            with open(path, 'wb') as f:
                f.write(what)


def run_one(world, pattern, make):
    what, path = make(), os.path.join(world.dir, 'home/archive')
    before, outside = world.inside(), world.outside()
    shutil.rmtree(path, ignore_errors=True)
    if isinstance(what, dict):
        write_directory(path, what)
        ways = [lambda: world.kist('load', '-q', '-i', path)]
    else:
        with open(path, 'wb') as f:
            f.write(what)
        ways = [lambda: world.kist('load', '-q', '-i', path), lambda: world.kist('load', '-q', input=what)]
    for load in ways:
        check_one(world, load(), pattern)
        compare(outside, world.outside(), 'outside of the store')
        compare(before, world.inside(), 'left in the store')
    if isinstance(what, dict):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def check_one(world, result, pattern):
    if pattern:
        refused(result, pattern)
        return
    assert result.returncode == 0, result.stderr
    clean(result)
    loaded = re.findall(r'(?:Loaded image: )(\S+)', result.stdout.decode())
    assert loaded, result.stdout
    clean(world.kist('images', '-a'))
    result = world.kist('rmi', loaded[0].replace('sha256:', ''))
    assert result.returncode == 0, result.stderr


def run(tap, world):
    for name, pattern, make in TESTS:
        title = 'archive %s is %s' % (name, 'refused' if pattern else 'taken in')
        tap.test('archive-' + name, title, run_one, world, pattern, make)
