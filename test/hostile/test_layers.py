"""Every attack of layers.py is pulled from a registry, as one more layer of a good image."""
import tarmaker
from layers import ATTACKS, END, GOOD
from registry import Registry
from world import ROOT, clean, compare, refused

BASE = tarmaker.file('base/file') + END


def prepare(world, registry):
    """Whatever a store has after its first commands is there before the first picture."""
    other = tarmaker.file('other') + END
    registry.image('base', [(tarmaker.gz(BASE), BASE)])
    registry.image('other', [(tarmaker.gz(other), other)])
    for name in ('base', 'other'):
        r = world.kist('pull', '-q', '--tls-verify=false', registry.host + '/' + name)
        assert r.returncode == 0, r.stderr
    world.kist('rmi', registry.host + '/other')


def attack(world, registry, name, a):
    data = a.blob()
    plain = data if a.is_tar else GOOD
    registry.image('attack/' + name, [(tarmaker.gz(BASE), BASE), (tarmaker.gz(data) if a.is_tar else data, plain)])
    pattern = a.refused if ROOT or a.as_user is None else a.as_user or None
    before, outside = world.inside(), world.outside()
    r = world.kist('pull', '-q', '--tls-verify=false', '%s/attack/%s' % (registry.host, name))
    if pattern:
        refused(r, pattern)
    else:
        assert r.returncode == 0, r.stderr
        confined(world, r.stdout.decode().strip(), a)
    compare(outside, world.outside(), 'outside of the store')
    compare(before, world.inside(), 'left in the store')
    registry.paths.clear()
    registry.requests.clear()


def confined(world, image, a):
    layer = [i['layer'] for i in world.images() if i['id'] == image][0]
    a.check(world.diff(layer))
    if a.exact:
        r = world.kist('save', '-q', '-o', world.dir + '/home/saved.tar', image)
        assert r.returncode == 0, r.stderr
    clean(world.kist('images', '--no-trunc'))
    r = world.kist('rmi', image)
    assert r.returncode == 0, r.stderr


def run(tap, world):
    registry = Registry()
    prepare(world, registry)
    for name, a in ATTACKS.items():
        title = 'layer %s is %s' % (name, 'refused' if a.refused else 'confined')
        if a.only in (None, 'root' if ROOT else 'user'):
            tap.test('layer-' + name, title, attack, world, registry, name, a)
