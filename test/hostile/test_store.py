"""
Stores whose files were tampered with: every command that reads them ends, by itself and soon, with a result or an error;
it writes nothing outside of the store, and says nothing that steers a terminal.
"""
import json
import os
import pty
import re
import shutil
import subprocess

import tarmaker
from layers import END, OUT, UP
from world import LIMIT, ROOT, World, clean, compare, remove

SOON = 20  # seconds for one command
BASE = tarmaker.file('f', b'content') + tarmaker.directory('d') + tarmaker.file('d/g', b'more') + END
ESC = '\x1b]0;owned\x07\x9b31m'
TESTS = []


def tamper(fn):
    """fn(store): change its files."""
    TESTS.append((fn.__name__.replace('_', '-'), fn))
    return fn


class Store:
    def __init__(self, root):
        self.root = root
        self.layers, self.images = self.path('overlay-layers/layers.json'), self.path('overlay-images/images.json')
        self.image = self.read(self.images)[0]
        self.layer = self.read(self.layers)[0]
        self.data = self.path('overlay-images', self.image['id'])
        self.dir = self.path('overlay', self.layer['id'])

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def read(self, path):
        with open(path) as f:
            return json.load(f)

    def write(self, path, content):
        if isinstance(content, (dict, list)):
            content = json.dumps(content)
        if os.path.islink(path):
            os.unlink(path)
        with open(path, 'wb') as f:
            f.write(content if isinstance(content, bytes) else content.encode('utf-8', 'surrogateescape'))

    def change_layer(self, **change):
        self.write(self.layers, [dict(self.layer, **change)])

    def change_image(self, **change):
        self.write(self.images, [dict(self.image, **change)])

    def replace(self, path, how, *args):
        """A file becomes something else."""
        subprocess.run(['chmod', '-R', 'u+rwX', self.dir], check=True)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
        how(*args, path)

    def document(self, name):
        """The file of an image's document."""
        for f in os.listdir(self.data):
            if name in f or (name == 'config' and os.path.getsize(os.path.join(self.data, f)) > 0 and f != 'manifest' and f[0] == '='):
                return os.path.join(self.data, f)
        raise AssertionError(os.listdir(self.data))


# --- lists of layers ------------------------------------------------------------------------------------
for kind in ('layers', 'images'):
    for name, text in {'empty': '', 'null': 'null', 'object': '{}', 'number': '7', 'cut': '[{"id":"', 'binary': bytes(range(256)),
                       'strings': '["a","b"]', 'nulls': '[null,null]', 'deep': '[' * 200000, 'deep-record': '[{"a":' + '[' * 200000,
                       'of-two-million-values': '[' + '1,' * 2000000 + '1]', 'of-a-long-string': '[{"id":"' + 'x' * (8 << 20) + '"}]',
                       'of-nul': '[{"id":"\0"}]'}.items():
        def prepare(s, kind=kind, text=text):
            s.write(getattr(s, kind), text)
        prepare.__name__ = '%s_%s' % (kind, name)
        tamper(prepare)


@tamper
def layer_id_is_a_path(s):
    s.change_layer(id=UP + OUT)


@tamper
def layer_id_steers_the_terminal(s):
    s.change_layer(id=ESC, names=[ESC])


@tamper
def layer_is_its_own_parent(s):
    s.change_layer(parent=s.layer['id'])


@tamper
def layers_are_each_others_parents(s):
    a = dict(s.layer, parent='b' * 64)
    s.write(s.layers, [a, dict(s.layer, id='b' * 64, parent='c' * 64), dict(s.layer, id='c' * 64, parent='b' * 64)])


@tamper
def layers_of_a_chain_of_1000(s):
    ids = ['%064x' % i for i in range(1000)]
    s.write(s.layers, [dict(s.layer, parent=ids[-1])] + [dict(s.layer, id=ids[i], parent=ids[i - 1] if i else '') for i in range(1000)])


@tamper
def layer_parent_is_missing(s):
    s.change_layer(parent='e' * 64)


@tamper
def layer_parent_is_a_path(s):
    s.change_layer(parent=UP + OUT)


@tamper
def layer_is_there_a_thousand_times(s):
    s.write(s.layers, [s.layer] * 1000)


@tamper
def layer_sizes_overflow(s):
    text = json.dumps([s.layer]).replace('"diff-size": %d' % s.layer['diff-size'], '"diff-size": 99999999999999999999999999')
    s.write(s.layers, text.replace('"compressed-size": ', '"compressed-size": -1'))


@tamper
def layer_sizes_are_largest(s):
    s.write(s.layers, [dict(s.layer, **{'diff-size': (1 << 63) - 1, 'compressed-size': (1 << 63) - 1})] +
            [dict(s.layer, id='%064x' % i, **{'diff-size': (1 << 63) - 1}) for i in range(3)])


@tamper
def layer_digests_are_paths(s):
    s.change_layer(**{'diff-digest': 'sha256:' + UP + OUT, 'compressed-digest': UP + OUT, 'compressed-diff-digest': UP + OUT})


@tamper
def layer_data_names_are_paths(s):
    s.change_layer(**{'big-data-names': [UP + OUT + '/victim', '..', '/etc/passwd', ESC]})


@tamper
def layer_owners_without_end(s):
    s.change_layer(uidset=list(range(200000)), gidset=[-1, 1 << 40, 'x'])


@tamper
def layer_flags_of_any_kind(s):
    s.change_layer(flags={'incomplete': 'yes', 'x': [[[]]], ESC: 1}, created='yesterday', compression=99, uidmap=[{}])


# --- directories of layers --------------------------------------------------------------------------------
@tamper
def layer_directory_is_a_link_outside(s):
    s.replace(s.dir, os.symlink, OUT)


@tamper
def layer_diff_is_a_link_outside(s):
    s.replace(s.dir + '/diff', os.symlink, OUT)


@tamper
def layer_diff_is_a_fifo(s):
    s.replace(s.dir + '/diff', os.mkfifo)


@tamper
def layer_file_is_a_fifo(s):
    s.replace(s.dir + '/diff/f', os.mkfifo)


@tamper
def layer_file_is_a_link_outside(s):
    s.replace(s.dir + '/diff/f', os.symlink, OUT + '/victim')


@tamper
def layer_directory_of_files_is_a_link_outside(s):
    s.replace(s.dir + '/diff/d', os.symlink, OUT)


@tamper
def link_name_is_a_path(s):
    s.write(s.dir + '/link', UP + OUT)


@tamper
def link_name_is_an_option(s):
    s.write(s.dir + '/link', 'AAAAAAAAAAAAAAAAAAAAAAAA,upperdir=' + OUT)


@tamper
def link_leads_outside(s):
    with open(s.dir + '/link') as f:
        s.replace(s.path('overlay/l', f.read().strip()), os.symlink, UP + OUT)


@tamper
def link_file_is_a_fifo(s):
    s.replace(s.dir + '/link', os.mkfifo)


@tamper
def lower_climbs(s):
    s.write(s.dir + '/lower', 'l/../../../..' + OUT + ':l/..')


@tamper
def lower_is_itself(s):
    with open(s.dir + '/link') as f:
        s.write(s.dir + '/lower', ':'.join(['l/' + f.read().strip()] * 600))


@tamper
def lower_without_end(s):
    s.write(s.dir + '/lower', 'l/AAAAAAAAAAAAAAAAAAAAAAAAAA:' * 50000)


@tamper
def tar_split_is_a_fifo(s):
    s.replace(s.path('overlay-layers', s.layer['id'] + '.tar-split.gz'), os.mkfifo)


@tamper
def tar_split_is_a_link_to_zero(s):
    s.replace(s.path('overlay-layers', s.layer['id'] + '.tar-split.gz'), os.symlink, '/dev/zero')


def tar_split(name, lines, wrap=tarmaker.gz):
    def prepare(s):
        s.write(s.path('overlay-layers', s.layer['id'] + '.tar-split.gz'), wrap(lines(s)))
    prepare.__name__ = 'tar_split_' + name
    tamper(prepare)


def split_file(name, size=4, crc='AAAAAAAAAAA='):
    return json.dumps({'type': 1, 'name': name, 'size': size, 'payload': crc, 'position': 0}).encode() + b'\n'


tar_split('names_a_file_outside', lambda s: split_file(UP + OUT + '/victim'))
tar_split('names_a_file_by_link', lambda s: split_file('d' + UP + OUT + '/victim'))
tar_split('names_an_absolute_file', lambda s: split_file(OUT + '/victim'))
tar_split('of_a_line_without_end', lambda s: b'{"type":2,"payload":"' + b'A' * (8 << 20))
tar_split('of_deep_json', lambda s: b'{"type":2,"x":' + b'[' * 1000000)
tar_split('of_negative_size', lambda s: split_file('f', -1))
tar_split('of_2_to_the_63', lambda s: split_file('f', 1 << 63))
tar_split('of_nothing', lambda s: b'')
tar_split('that_is_a_bomb', lambda s: b'{"type":2,"payload":"%s"}\n' % (b'A' * 400000) * 100)
tar_split('that_is_cut_off', lambda s: split_file('f'), lambda d: tarmaker.gz(d)[:-12])


# --- images --------------------------------------------------------------------------------------------------
@tamper
def image_id_is_a_path(s):
    s.change_image(id=UP + OUT)


@tamper
def image_names_steer_the_terminal(s):
    s.change_image(names=[ESC, 'localhost/' + ESC + ':1', '../..', 'a' * 100000])


@tamper
def image_layer_is_a_path(s):
    s.change_image(layer=UP + OUT)


@tamper
def image_layer_is_missing(s):
    s.change_image(layer='e' * 64)


@tamper
def image_data_names_are_paths(s):
    s.change_image(**{'big-data-names': ['manifest', UP + OUT + '/victim', '/etc/passwd', ESC],
                      'big-data-sizes': {'manifest': -5, UP + OUT + '/victim': 4}})


@tamper
def image_is_there_a_hundred_times(s):
    s.write(s.images, [s.image] * 100)


@tamper
def images_share_a_name(s):
    s.write(s.images, [s.image, dict(s.image, id='b' * 64)])


@tamper
def image_digest_is_anything(s):
    s.change_image(digest=ESC, **{'big-data-digests': {'manifest': ESC}}, created=ESC, metadata=ESC)


for document in ('manifest', 'config'):
    for name, text in {'empty': b'', 'binary': bytes(range(256)), 'deep': b'[' * 200000, 'of_two_million_values': b'[' + b'1,' * 2000000 + b'1]',
                       'of_escapes': json.dumps({'config': {'Cmd': [ESC], 'Labels': {ESC: ESC}, 'Env': [ESC]}, 'history': [
                           {'created_by': ESC, 'comment': ESC}], 'architecture': ESC, 'os': ESC, 'author': ESC,
                           'created': ESC, 'rootfs': {'type': ESC, 'diff_ids': [ESC]}}).encode()}.items():
        def prepare(s, document=document, text=text):
            s.write(s.document(document), text)
        prepare.__name__ = '%s_%s' % (document, name)
        tamper(prepare)

    def prepare_fifo(s, document=document):
        s.replace(s.document(document), os.mkfifo)
    prepare_fifo.__name__ = document + '_is_a_fifo'
    tamper(prepare_fifo)

    def prepare_link(s, document=document):
        s.replace(s.document(document), os.symlink, OUT + '/victim')
    prepare_link.__name__ = document + '_is_a_link_outside'
    tamper(prepare_link)

    def prepare_zero(s, document=document):
        s.replace(s.document(document), os.symlink, '/dev/zero')
    prepare_zero.__name__ = document + '_is_a_link_to_zero'
    tamper(prepare_zero)


@tamper
def image_directory_is_a_link_outside(s):
    s.replace(s.data, os.symlink, OUT)


# --- kist's own state -----------------------------------------------------------------------------------------
CONTAINER = 'c' * 64


def own(name, files):
    def prepare(s):
        os.makedirs(s.path('kist/containers', CONTAINER), exist_ok=True)
        os.makedirs(s.path('kist/names'), exist_ok=True)
        os.makedirs(s.path('kist/trash'), exist_ok=True)
        for path, content in files(s).items():
            if isinstance(content, tuple):
                os.symlink(content[0], s.path('kist', path))
            else:
                s.write(s.path('kist', path), content)
    prepare.__name__ = 'container_' + name
    tamper(prepare)


RECORD = 'containers/%s/container.json' % CONTAINER
own('without_record', lambda s: {})
own('of_binary', lambda s: {RECORD: bytes(range(256))})
own('of_deep_json', lambda s: {RECORD: '[' * 200000})
own('of_escapes', lambda s: {RECORD: json.dumps({'version': 1, 'id': CONTAINER, 'name': ESC, 'image': {'name': ESC, 'id': ESC}})})
own('name_leads_outside', lambda s: {'names/x': (UP + OUT,), 'names/y': ('../../..',), 'names/' + 'z' * 200: (CONTAINER,)})
own('that_is_a_link_outside', lambda s: {'containers/' + 'd' * 64: (OUT,)})
own('in_the_trash_by_link', lambda s: {'trash/' + 'd' * 64: (OUT,)})

COMMANDS = [['images', '-a'], ['images', '--format', 'json'], ['inspect', 'x'], ['history', 'x'], ['image', 'tree', 'x'], ['ps', '-a'],
            ['system', 'df', '-v'], ['system', 'check'], ['diff', 'x'], ['save', '-q', '-o', 'saved', 'x'], ['tag', 'x', 'y'],
            ['image', 'prune', '-af'], ['rmi', '-f', 'x'], ['system', 'check', '--repair'], ['system', 'prune', '-af']]


def on_terminal(world, args):
    """What a user would see: a command on a terminal."""
    master, slave = pty.openpty()
    p = subprocess.Popen(world.command(*args), stdin=slave, stdout=slave, stderr=slave, env=world.env, cwd=world.dir)
    os.close(slave)
    text = b''
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
        assert len(text) < 64 << 20, 'output without end'
    os.close(master)
    p.wait(LIMIT)
    for bad in (b'\x1b]', b'\x07', b'\xc2\x9b', b'\x9b'):
        assert bad not in text, '%s prints %r' % (args, text[max(0, text.find(bad) - 60):][:120])


def run_one(world, kept, prepare):
    root = os.path.join(world.store, 'root')
    remove(root)
    remove(os.path.join(world.dir, 'saved'))
    subprocess.run(['cp', '-a', kept, root], check=True)
    prepare(Store(root))
    outside = world.outside()
    if ESC_IN.search(prepare.__name__):
        for args in COMMANDS[:5]:
            on_terminal(world, args)
    for args in COMMANDS:
        r = world.kist(*args, limit=SOON)
        assert r.returncode in (0, 1, 2, 125), '%s: exit code %d: %s' % (args, r.returncode, r.stderr)
        assert len(r.stdout) + len(r.stderr) < 64 << 20
        clean_errors(r)
    saved = os.path.join(world.dir, 'saved')
    if os.path.exists(saved):
        with open(saved, 'rb') as f:
            assert b'keep' not in f.read(), 'the victim is in the archive'
        os.unlink(saved)
    compare(outside, world.outside(), 'outside of the store')


def clean_errors(r):
    r.stdout = b''  # JSON and templates print what there is, as it is, when it is no terminal
    clean(r)



ESC_IN = re.compile('terminal|escapes|anything')


def run(tap, world):
    mine = World()
    try:
        r = mine.kist('import', '-q', '-', 'x', input=BASE)
        assert r.returncode == 0, r.stderr
        kept = os.path.join(mine.dir, 'kept')
        os.rename(os.path.join(mine.store, 'root'), kept)
        for name, prepare in TESTS:
            tap.test('store-' + name, 'store: %s' % name.replace('-', ' '), run_one, mine, kept, prepare)
    finally:
        mine.close()
