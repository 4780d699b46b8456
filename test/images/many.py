#!/usr/bin/env python3
"""many.py IMAGES LAYERS - writes a docker archive of so many images to standard output.

Each image has LAYERS layers of its own, with one small file each, and the name localhost/many:N.
"""
import hashlib
import io
import json
import sys
import tarfile


def layer(text):
    """The bytes of a layer with one directory and one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        directory = tarfile.TarInfo("d")
        directory.type = tarfile.DIRTYPE
        directory.mode = 0o755
        tar.addfile(directory)
        data = text.encode()
        info = tarfile.TarInfo("d/" + text.replace(" ", "-"))
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def put(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def main():
    images, layers = int(sys.argv[1]), int(sys.argv[2])
    manifest = []
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        for i in range(images):
            names, diff_ids = [], []
            for n in range(layers):
                data = layer(f"image {i} layer {n}")
                digest = hashlib.sha256(data).hexdigest()
                diff_ids.append("sha256:" + digest)
                names.append(digest + ".tar")
                put(tar, names[-1], data)
            config = json.dumps({
                "architecture": "amd64", "os": "linux", "created": "2023-11-14T22:13:20Z", "config": {"Cmd": ["true"]},
                "rootfs": {"type": "layers", "diff_ids": diff_ids},
            }).encode()
            name = hashlib.sha256(config).hexdigest() + ".json"
            put(tar, name, config)
            manifest.append({"Config": name, "RepoTags": [f"localhost/many:{i}"], "Layers": names})
        put(tar, "manifest.json", json.dumps(manifest).encode())


main()
