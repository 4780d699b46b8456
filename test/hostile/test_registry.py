"""Registries that lie, dawdle, flood and send elsewhere: what they say must end in an error, soon."""
import gzip
import json
import os
import re
import subprocess
import time
import zlib

import tarmaker
from layers import END, GOOD, OUT
from registry import OCI, Registry, digest, dumps
from world import clean, compare, refused

SECRET = 'hunter2-never-to-be-seen'
SOON = 20  # seconds, also on a busy machine
TESTS = []


def attack(pattern, soon=SOON):
    """fn(registry, other): prepare; what is pulled is registry.host/x. It may return a function to call afterwards."""
    def add(fn):
        TESTS.append((fn.__name__.replace('_', '-'), pattern, soon, fn))
        return fn
    return add


def flood(head, piece, end=None):
    """Sends without end, until the other side hangs up."""
    def answer(h):
        h.wfile.write(head)
        stop = time.monotonic() + 60
        while time.monotonic() < stop:
            h.wfile.write(piece)
    return answer


def say(text):
    def answer(h):
        h.wfile.write(text)
        h.wfile.flush()
    return answer


def redirect(to, status=302):
    return (status, b'', [('Location', to)])


MANIFEST, CONFIG, LAYER = '/v2/x/manifests/latest', 'config', 'layer'


def good(r, **more):
    """Of a content that no store has yet."""
    tar = tarmaker.file('f', os.urandom(16).hex().encode()) + END
    r.layer = tarmaker.gz(tar)
    r.image('x', [(r.layer, tar)], **more)


def manifest_of(r):
    return json.loads(r.paths[MANIFEST][1])


def blob_path(r, which):
    m = manifest_of(r)
    return '/v2/x/blobs/' + (m['config'] if which == CONFIG else m['layers'][0])['digest']


OK = b'HTTP/1.1 200 OK\r\n'
JSON = b'Content-Type: application/vnd.oci.image.manifest.v1+json\r\n'
ZEROS = bytes(1 << 16)


# --- floods ------------------------------------------------------------------------------------------
@attack('larger than 4194304 bytes')
def manifest_without_end(r, other):
    r.paths[MANIFEST] = flood(OK + JSON + b'\r\n', ZEROS)


@attack('larger than 4194304 bytes')
def manifest_without_end_in_chunks(r, other):
    r.paths[MANIFEST] = flood(OK + JSON + b'Transfer-Encoding: chunked\r\n\r\n', b'10000\r\n' + ZEROS + b'\r\n')


@attack('header is larger than 65536 bytes')
def header_without_end(r, other):
    r.paths[MANIFEST] = flood(OK, b'X-Filler: ' + b'y' * 1000 + b'\r\n')


@attack('header is too long|header is larger|oo large')
def header_line_without_end(r, other):
    r.paths[MANIFEST] = flood(OK + b'X: ', b'y' * 1000)


@attack('header is larger than 65536 bytes')
def interim_answers_without_end(r, other):
    r.paths[MANIFEST] = flood(b'', b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n')


@attack('header is larger than 65536 bytes')
def trailers_without_end(r, other):
    r.paths[MANIFEST] = flood(OK + JSON + b'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n', b'X: ' + b'y' * 1000 + b'\r\n')


@attack('not found \\(status 404')
def error_page_without_end(r, other):
    r.paths[MANIFEST] = flood(b'HTTP/1.1 404 Not Found\r\n\r\n', b'no such thing ' * 1000)


@attack('larger than 8388608 bytes')
def config_without_end(r, other):
    good(r)
    r.paths[blob_path(r, CONFIG)] = flood(OK + b'\r\n', ZEROS)


@attack('were announced')
def blob_without_end(r, other):
    good(r)
    r.paths[blob_path(r, LAYER)] = flood(OK + b'\r\n', ZEROS)


@attack('no registry answers there')
def ping_without_end(r, other):
    r.paths['/v2/'] = flood(b'HTTP/1.1 500 Sorry\r\n\r\n', b'x' * 1000)


# --- lengths and framing --------------------------------------------------------------------------------
def bad_length(name, length, pattern):
    def prepare(r, other):
        good(r)
        body = r.paths[MANIFEST][1]
        r.paths[MANIFEST] = say(OK + JSON + b'Content-Length: ' + length + b'\r\n\r\n' + body)
    prepare.__name__ = 'length_' + name
    attack(pattern)(prepare)


bad_length('too_large', b'100000', 'broke off')
bad_length('too_small', b'10', 'image manifest: line 1')
bad_length('negative', b'-5', 'Content-Length')
bad_length('no_number', b'banana', 'Content-Length')
bad_length('of_2_to_the_64', b'18446744073709551617', None)  # libcurl reads to the end of the connection then


@attack('broke off|Content-Length')
def length_twice(r, other):
    r.paths[MANIFEST] = say(OK + JSON + b'Content-Length: 5\r\nContent-Length: 500\r\n\r\n{}   ')


@attack('broke off')
def chunk_of_2_to_the_64(r, other):
    r.paths[MANIFEST] = say(OK + JSON + b'Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n')


@attack('bytes were sent, [0-9]+ were announced')
def blob_shorter_than_announced(r, other):
    good(r)
    r.paths[blob_path(r, LAYER)] = (200, r.layer[:-5])


@attack('bytes were sent, [0-9]+ were announced')
def blob_longer_than_announced(r, other):
    good(r)
    r.paths[blob_path(r, LAYER)] = (200, r.layer + b'more')


@attack('does not have this digest')
def blob_of_other_content(r, other):
    good(r)
    r.paths[blob_path(r, LAYER)] = (200, bytes(len(r.layer)))


@attack('does not have this digest')
def config_of_other_content(r, other):
    good(r)
    r.paths[blob_path(r, CONFIG)] = (200, dumps({'architecture': 'amd64', 'os': 'linux', 'rootfs': {'diff_ids': []}}))


@attack('bytes from 5 were sent, not from 0')
def part_that_was_not_asked_for(r, other):
    good(r)
    r.paths[blob_path(r, LAYER)] = (206, r.layer[5:], [('Content-Range', 'bytes 5-%d/%d' % (len(r.layer) - 1, len(r.layer)))])


@attack('Content-Range')
def part_of_a_range_that_wraps(r, other):
    good(r)
    r.paths[blob_path(r, LAYER)] = (206, r.layer, [('Content-Range', 'bytes 0-18446744073709551615/18446744073709551616')])


@attack('HTTP/0.9|not allowed')
def answer_of_http_0_9(r, other):
    r.paths[MANIFEST] = say(b'{"schemaVersion":2}')


@attack('response code|HTTP|status')
def status_of_nonsense(r, other):
    r.paths[MANIFEST] = say(b'HTTP/1.1 -99 \x1b[31m\r\n\r\n')


@attack('status 204')
def no_content(r, other):
    r.paths[MANIFEST] = (204, b'')


@attack('status 304')
def not_modified(r, other):
    r.paths[MANIFEST] = (304, b'')


# --- redirects ----------------------------------------------------------------------------------------------
@attack('more than 10 redirects')
def redirect_to_itself(r, other):
    r.paths[MANIFEST] = redirect(MANIFEST)


@attack('more than 10 redirects')
def redirects_between_two(r, other):
    r.paths[MANIFEST] = redirect(other.url + '/a')
    other.paths['/a'] = redirect(r.url + MANIFEST)


def elsewhere(name, to, pattern='redirect'):
    def prepare(r, other):
        good(r)
        r.paths[blob_path(r, LAYER)] = redirect(to)
    prepare.__name__ = 'redirect_to_' + name
    attack(pattern)(prepare)


elsewhere('file', 'file://' + OUT + '/victim')
elsewhere('file_without_host', 'file:///etc/passwd')
elsewhere('ftp', 'ftp://127.0.0.1/x')
elsewhere('gopher', 'gopher://127.0.0.1:1/x')
elsewhere('dict', 'dict://127.0.0.1:1/x')
elsewhere('javascript', 'javascript:alert(1)')
elsewhere('user_in_the_address', 'http://user:password@127.0.0.1:1/')
elsewhere('control_characters', 'http://127.0.0.1:1/\x1b[31m')
elsewhere('nowhere', 'http://')
elsewhere('unknown_host', 'http://nowhere.invalid/', 'nowhere.invalid: no such host')


@attack('does not have this digest')
def redirect_with_credentials(r, other):
    """They stay with the registry."""
    good(r)
    path = blob_path(r, LAYER)
    r.paths['/v2/'] = (401, b'', [('WWW-Authenticate', 'Basic realm="x"')])
    r.paths[path] = redirect(other.url + '/blob', 307)
    other.paths['/blob'] = (200, bytes(len(r.layer)))

    def after():
        assert any('Authorization' in h for _, p, h in r.requests), 'none were sent at all'
        assert other.requests, 'the redirect was not followed'
        assert not [h for _, _, h in other.requests if 'Authorization' in h or SECRET in str(h)], other.requests
    return after


# --- tokens ----------------------------------------------------------------------------------------------------
def wants_token(r, realm, more=''):
    r.paths['/v2/'] = (401, b'', [('WWW-Authenticate', 'Bearer realm="%s",service="x"%s' % (realm, more))])
    r.paths[MANIFEST] = (401, b'', [('WWW-Authenticate', 'Bearer realm="%s",service="x"%s' % (realm, more))])


@attack('holds no token')
def token_with_a_line_break(r, other):
    wants_token(r, other.url + '/token')
    other.paths['/token'] = (200, dumps({'token': 'a\r\nX-Evil: 1'}))


@attack('larger than')
def token_without_end(r, other):
    wants_token(r, other.url + '/token')
    other.paths['/token'] = flood(OK + b'\r\n{"token":"', b'x' * 1000)


@attack('the token server.s answer: line 1')
def token_that_is_no_json(r, other):
    wants_token(r, other.url + '/token')
    other.paths['/token'] = (200, b'<html>')


@attack('nested deeper than 128 levels')
def token_in_deep_json(r, other):
    wants_token(r, other.url + '/token')
    other.paths['/token'] = (200, b'[' * 50000 + b']' * 50000)


@attack('authentication required')
def token_that_is_never_good_enough(r, other):
    """Asks again a bounded number of times."""
    wants_token(r, other.url + '/token')
    other.paths['/token'] = (200, dumps({'token': 'good', 'expires_in': -5}))

    def after():
        assert len(other.requests) <= 4 and len(r.requests) <= 8, (len(other.requests), len(r.requests))
    return after


@attack('token server: address .* begins neither with http')
def token_server_in_a_file(r, other):
    wants_token(r, 'file://' + OUT + '/victim')


@attack('more than 10 redirects')
def token_server_that_sends_round(r, other):
    wants_token(r, other.url + '/token')
    other.paths['/token'] = redirect('/token')


@attack('authentication required')
def token_server_that_sends_credentials_on(r, other):
    wants_token(r, r.url + '/token')
    r.paths['/token'] = redirect(other.url + '/steal', 307)
    other.paths['/steal'] = (200, dumps({'token': 'x'}))

    def after():
        assert not [h for _, _, h in other.requests if 'Authorization' in h], other.requests
    return after


@attack('more than 16 parameters')
def challenges_without_end(r, other):
    r.paths['/v2/'] = (401, b'', [('WWW-Authenticate', 'Bearer ' + ','.join('a%d="b"' % i for i in range(5000)))])


# --- documents ----------------------------------------------------------------------------------------------------
@attack('digest')
def digest_header_that_lies(r, other):
    good(r)
    status, body, headers = r.paths[MANIFEST]
    r.paths[MANIFEST] = (status, body, headers + [('Docker-Content-Digest', digest(b'other'))])


@attack('10000 layers are more than 500')
def manifest_of_10000_layers(r, other):
    good(r, change=lambda m: dict(m, layers=m['layers'] * 10000))


@attack('10000 layers are more than 500')
def config_of_10000_layers(r, other):
    good(r, config={'rootfs': {'type': 'layers', 'diff_ids': [digest(GOOD)] * 10000}})


@attack('2 layers, but the config has 1')
def more_layers_than_the_config_knows(r, other):
    good(r, change=lambda m: dict(m, layers=m['layers'] * 2))


@attack('config is larger than 8388608 bytes')
def config_of_a_terabyte(r, other):
    good(r, change=lambda m: dict(m, config=dict(m['config'], size=1 << 40)))


@attack('bytes are more than')
def layer_of_two_terabytes(r, other):
    good(r, change=lambda m: dict(m, layers=[dict(m['layers'][0], size=1 << 41)]))


@attack('size')
def layer_of_negative_size(r, other):
    good(r, change=lambda m: dict(m, layers=[dict(m['layers'][0], size=-1)]))


@attack('size')
def layer_of_a_size_that_wraps(r, other):
    good(r, change=lambda m: dict(m, layers=[dict(m['layers'][0], size=1 << 64)]))


@attack('digest')
def layer_whose_digest_is_a_path(r, other):
    good(r, change=lambda m: dict(m, layers=[dict(m['layers'][0], digest='sha256:../../../../../etc/passwd')]))


@attack('digest')
def config_whose_digest_is_a_path(r, other):
    good(r, change=lambda m: dict(m, config=dict(m['config'], digest='../../../' + OUT)))


@attack('digest')
def layer_whose_digest_is_too_short(r, other):
    good(r, change=lambda m: dict(m, layers=[dict(m['layers'][0], digest='sha256:abc')]))


@attack('unknown')
def layer_from_somewhere_else(r, other):
    good(r, change=lambda m: dict(m, layers=[dict(
        m['layers'][0], mediaType=OCI + 'layer.nondistributable.v1.tar', urls=['file://' + OUT + '/victim'],
        digest=digest(b'nowhere'))]))


@attack('configuration says')
def diff_id_that_lies(r, other):
    r.image('x', [(tarmaker.gz(GOOD), b'something else')])


@attack('nested deeper than 128 levels')
def manifest_of_deep_json(r, other):
    r.manifest('x', 'latest', b'{"a":' * 100000 + b'1' + b'}' * 100000)


@attack('more than [0-9]* values')
def manifest_of_two_million_values(r, other):
    r.manifest('x', 'latest', b'{"a":[' + b'1,' * 2050000 + b'1]}')


@attack('a member name twice')
def manifest_of_two_minds(r, other):
    good(r)
    body = r.paths[MANIFEST][1].decode()
    r.manifest('x', 'latest', (body[:-1] + ',"layers":[]}').encode())


@attack('image manifest: line 1')
def manifest_of_binary(r, other):
    r.manifest('x', 'latest', bytes(range(256)) * 10)


@attack('image manifest: line 1')
def manifest_in_gzip(r, other):
    """Not expanded, whatever the header says."""
    bomb = gzip.compress(b'{"schemaVersion":2,"a":"' + bytes(1 << 20) * 64)
    r.manifest('x', 'latest', bomb, headers=[('Content-Encoding', 'gzip')])


@attack('image manifest: line 1')
def manifest_in_deflate(r, other):
    r.manifest('x', 'latest', zlib.compress(b' ' * (64 << 20)), headers=[('Content-Encoding', 'deflate')])


@attack('names another image index')
def index_of_indexes(r, other):
    def index(of):
        return dumps({'schemaVersion': 2, 'mediaType': OCI + 'index.v1+json', 'manifests': [
            {'mediaType': OCI + 'index.v1+json', 'digest': of, 'size': 100,
             'platform': {'os': 'linux', 'architecture': json_arch()}}]})
    inner = r.manifest('x', 'inner', index(digest(b'')), OCI + 'index.v1+json')
    r.manifest('x', 'latest', index(inner), OCI + 'index.v1+json')


@attack('20000 entries are more than 1000')
def index_of_20000_entries(r, other):
    entry = {'mediaType': OCI + 'manifest.v1+json', 'digest': digest(b''), 'size': 1}
    r.manifest('x', 'latest', dumps({'schemaVersion': 2, 'manifests': [entry] * 20000}), OCI + 'index.v1+json')


@attack('no image found in image index')
def index_without_us(r, other):
    entry = {'mediaType': OCI + 'manifest.v1+json', 'digest': digest(b''), 'size': 1,
             'platform': {'os': 'plan9', 'architecture': '\x1b[31mvax'}}
    r.manifest('x', 'latest', dumps({'schemaVersion': 2, 'manifests': [entry]}), OCI + 'index.v1+json')


@attack('schema')
def manifest_of_schema_1(r, other):
    r.manifest('x', 'latest', dumps({'schemaVersion': 1, 'name': 'x', 'tag': 'latest', 'fsLayers': [], 'history': []}),
               'application/vnd.docker.distribution.manifest.v1+prettyjws')


@attack('denied')
def words_that_steer_the_terminal(r, other):
    r.paths[MANIFEST] = (403, dumps({'errors': [{'code': 'DENIED\x1b]0;x\x07', 'message': '\x1b[2J\x9b31m\r\nfake: line'}]}))


@attack(None)
def config_whose_words_steer_the_terminal(r, other):
    good(r, config={'architecture': '\x1b[31m', 'os': '\x1b]0;x\x07'})


def json_arch():
    from registry import arch
    return arch()


def run_one(world, prepare, pattern, soon):
    r, other = Registry(), Registry()
    after = prepare(r, other)
    before, outside = world.inside(), world.outside()
    begin = time.monotonic()
    result = world.kist('pull', '-q', '--tls-verify=false', '--creds', 'user:' + SECRET, r.host + '/x', limit=soon + 20)
    took = time.monotonic() - begin
    if pattern:
        refused(result, pattern)
    else:
        assert result.returncode == 0, result.stderr
        clean(result)
        clean(world.kist('images'))
        world.kist('rmi', r.host + '/x')
    assert SECRET.encode() not in result.stderr, result.stderr
    assert took < soon, 'it took %.1f s' % took
    if after:
        after()
    compare(outside, world.outside(), 'outside of the store')
    compare(before, world.inside(), 'left in the store')
    for server in (r, other):
        server.close()


def from_https_to_http(world):
    """Neither a blob nor credentials for a token go on in the clear."""
    certs = os.path.join(world.dir, 'home/certs')
    os.makedirs(certs, exist_ok=True)
    pem = os.path.join(world.dir, 'home/server.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3',
                    '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', pem + '.key', '-out',
                    os.path.join(certs, 'ca.crt')], check=True, stderr=subprocess.DEVNULL)
    with open(pem, 'wb') as f:
        for part in (pem + '.key', os.path.join(certs, 'ca.crt')):
            with open(part, 'rb') as p:
                f.write(p.read())
    for attack, pattern in ((lambda r, other: r.paths.update({blob_path(r, LAYER): redirect(other.url + '/blob')}),
                             'redirect from https to http'),
                            (lambda r, other: wants_token(r, other.url + '/token'), 'sent over http')):
        r, other = Registry(pem), Registry()
        good(r)
        attack(r, other)
        result = world.kist('pull', '-q', '--cert-dir', certs, '--creds', 'user:' + SECRET, r.host + '/x')
        refused(result, pattern)
        assert r.requests and not other.requests, other.requests
        for server in (r, other):
            server.close()


def endless_tags(world):
    """pull -a: pages that lead to each other."""
    r = Registry()
    good(r)
    r.paths['/v2/x/tags/list'] = (200, dumps({'name': 'x', 'tags': ['t%d' % i for i in range(1000)]}),
                                  [('Link', '</v2/x/tags/list?again>; rel="next"')])
    result = world.kist('pull', '-q', '-a', '--tls-verify=false', r.host + '/x', limit=90)
    if b'unknown' in result.stderr or b'no option' in result.stderr:
        r.close()
        return 'pull has no --all-tags'
    refused(result, 'more than 100000 tags')
    r.close()
    return None


# --- pushing to them ----------------------------------------------------------------------------------------
UPLOADS = '/v2/x/blobs/uploads/'
PUSHES = []


def push_attack(pattern):
    def add(fn):
        PUSHES.append((fn.__name__.replace('_', '-'), pattern, fn))
        return fn
    return add


def sends_away(other):
    """Nothing of ours may arrive there."""
    def after():
        assert not other.requests, other.requests
    return after


@push_attack('not its own address')
def upload_sent_to_another_host(r, other):
    r.paths[UPLOADS] = (202, b'', [('Location', other.url + '/steal')])
    return sends_away(other)


@push_attack('begins neither with http')
def upload_sent_to_a_file(r, other):
    r.paths[UPLOADS] = (202, b'', [('Location', 'file://' + OUT + '/victim')])


@push_attack('not its own address')
def upload_redirected_and_sent_on(r, other):
    r.paths[UPLOADS] = redirect(other.url + '/start', 307)
    other.paths['/start'] = (202, b'', [('Location', '/steal')])

    def after():
        assert not [h for _, _, h in other.requests if 'Authorization' in h], other.requests
        assert [m for m, _, _ in other.requests] == ['POST'], other.requests
    return after


@push_attack('status 307|redirect of a request.s body')
def content_redirected_to_another_host(r, other):
    r.paths[UPLOADS] = (202, b'', [('Location', '/upload')])
    r.paths['/upload'] = redirect(other.url + '/steal', 307)
    return sends_away(other)


@push_attack('Location|address')
def upload_sent_nowhere(r, other):
    r.paths[UPLOADS] = (202, b'')


@push_attack('header is larger|too long')
def upload_sent_very_far(r, other):
    r.paths[UPLOADS] = (202, b'', [('Location', '/' + 'x' * 90000)])


@push_attack('status 500|registry')
def upload_that_always_fails(r, other):
    r.paths[UPLOADS] = (202, b'', [('Location', '/upload')])
    r.paths['/upload'] = (500, b'{"errors":[{"code":"UNKNOWN","message":"\\u001b[31m"}]}')

    def after():
        assert len(r.requests) < 60, len(r.requests)
    return after


@push_attack('digest')
def manifest_taken_for_another(r, other):
    r.paths[UPLOADS] = (202, b'', [('Location', '/upload')])
    r.paths['/upload'] = lambda h: h.answer(202 if h.command == 'PATCH' else 201, b'', [('Location', '/upload')])
    r.paths[MANIFEST] = (201, b'', [('Docker-Content-Digest', digest(b'other'))])


def push_one(world, prepare, pattern):
    r, other = Registry(), Registry()
    after = prepare(r, other)
    outside = world.outside()
    result = world.kist('push', '-q', '--tls-verify=false', '--creds', 'user:' + SECRET, 'localhost/pushed', r.host + '/x')
    refused(result, pattern)
    assert SECRET.encode() not in result.stderr, result.stderr
    if after:
        after()
    compare(outside, world.outside(), 'outside of the store')
    for server in (r, other):
        server.close()


def prepare_push(world):
    result = world.kist('import', '-q', '-', 'localhost/pushed', input=GOOD)
    assert result.returncode == 0, result.stderr


def run(tap, world):
    for name, pattern, soon, prepare in TESTS:
        tap.test('registry-' + name, 'registry: %s' % name.replace('-', ' '), run_one, world, prepare, pattern, soon)
    tap.test('registry-from-https-to-http', 'registry: from https to http', from_https_to_http, world)
    tap.test('registry-endless-tags', 'registry: endless tags', endless_tags, world)
    prepare_push(world)
    for name, pattern, prepare in PUSHES:
        tap.test('push-' + name, 'registry that is pushed to: %s' % name.replace('-', ' '), push_one, world, prepare, pattern)
