#!/usr/bin/env python3
"""tree-list.py ROOT - what the layers of a store hold, a line each: for comparing two engines' work.

Layer, path, mode, owner, size, time, first name of the inode, extended attributes, content. Left out is what two
unpackers may do differently: a layer's own root, times of whiteouts, and the empty directory PaxHeaders, which the Go
tools make of a global header.
"""
import hashlib
import os
import stat
import sys


def content(path, st):
    if stat.S_ISLNK(st.st_mode):
        return os.fsencode(os.readlink(path))
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()[:16]
    return ""


def show(layer, diff, path, seen):
    st = os.lstat(path)
    name = os.path.relpath(path, diff)
    folder = stat.S_ISDIR(st.st_mode)
    whiteout = stat.S_ISCHR(st.st_mode) and st.st_rdev == 0
    first = name if folder else seen.setdefault(st.st_ino, name)
    attrs = sorted((key, os.getxattr(path, key, follow_symlinks=False)) for key in os.listxattr(path, follow_symlinks=False))
    print(layer[:8], name, oct(st.st_mode), st.st_uid, st.st_gid, 0 if folder else st.st_size,
          0 if whiteout else st.st_mtime_ns, first, attrs, content(path, st))


def main(root):
    overlay = os.path.join(os.fsencode(root), b"overlay")
    for layer in sorted(os.listdir(overlay)):
        diff = os.path.join(overlay, layer, b"diff")
        if len(layer) != 64 or not os.path.isdir(diff):
            continue
        seen = {}
        for folder, folders, files in os.walk(diff):
            folders.sort()
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                if path != os.path.join(diff, b"PaxHeaders"):
                    show(layer, diff, path, seen)


main(sys.argv[1])
