"""A registry on loopback that says what it is told to: documents and blobs by path, or a function for a path."""
import hashlib
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OCI = 'application/vnd.oci.image.'


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def dumps(value):
    return json.dumps(value).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, status, body=b'', headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == 'content-length' for name, _ in headers):
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def drop_body(self):
        if self.headers.get('Transfer-Encoding') == 'chunked':
            while True:
                size = int(self.rfile.readline(), 16)
                self.rfile.read(size + 2)
                if size == 0:
                    return
        self.rfile.read(int(self.headers.get('Content-Length') or 0))

    def handle_any(self):
        registry = self.server.registry
        self.drop_body()
        registry.requests.append((self.command, self.path, dict(self.headers)))
        path = self.path.split('?')[0]
        what = registry.paths.get(path)
        if what is None and path == '/v2/':
            what = (200, b'{}')
        if callable(what):
            self.close_connection = True
            try:
                what(self)
            except (BrokenPipeError, ConnectionError, OSError):
                pass
            return
        if what is None:
            what = (404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')
        try:
            self.answer(*what)
        except (BrokenPipeError, ConnectionError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    address_family = socket.AF_INET

    def handle_error(self, request, client_address):
        pass


class Registry:
    def __init__(self, certificate=None):
        """certificate: a file with certificate and key, for https."""
        self.paths, self.requests = {}, []
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.registry = self
        self.host = '127.0.0.1:%d' % self.server.server_address[1]
        self.url = 'http%s://%s' % ('s' if certificate else '', self.host)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def blob(self, repository, data, name=None):
        name = name or digest(data)
        self.paths['/v2/%s/blobs/%s' % (repository, name)] = (200, data)
        return name

    def manifest(self, repository, tag, body, kind=OCI + 'manifest.v1+json', headers=()):
        answer = (200, body, [('Content-Type', kind)] + list(headers))
        self.paths['/v2/%s/manifests/%s' % (repository, tag)] = answer
        self.paths['/v2/%s/manifests/%s' % (repository, digest(body))] = answer
        return digest(body)

    def image(self, repository, layers, tag='latest', config=None, change=lambda m: m):
        """layers: pairs of a blob and the tar it stands for."""
        document = {'architecture': arch(), 'os': 'linux', 'config': {'Cmd': ['/x']},
                    'rootfs': {'type': 'layers', 'diff_ids': [digest(plain) for _, plain in layers]}}
        document.update(config or {})
        body = dumps(document)
        manifest = {'schemaVersion': 2, 'mediaType': OCI + 'manifest.v1+json', 'config': {
            'mediaType': OCI + 'config.v1+json', 'size': len(body), 'digest': self.blob(repository, body)},
            'layers': [{'mediaType': OCI + 'layer.v1.tar+gzip', 'size': len(blob),
                        'digest': self.blob(repository, blob)} for blob, _ in layers]}
        return self.manifest(repository, tag, dumps(change(manifest)))


def arch():
    import platform
    return {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine())
