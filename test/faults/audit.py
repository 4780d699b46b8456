#!/usr/bin/env python3
"""audit.py - is a store whole, and is there nothing in it that no record knows?

Reads lines "ROOT RUN [INVENTORY]" from standard input and answers each with one line a problem, then a
line with a dot. It knows the files as containers/storage and kist lay them out, and uses nothing of
kist's. INVENTORY is written when all is well: all files by type, size and name, with the names that are
random taken out, so that two stores with the same content have the same inventory.
"""
import base64
import hashlib
import json
import os
import re
import stat
import sys

LINK = re.compile(r"^[A-Z2-7]{26}$")
PLAIN_KEY = re.compile(r"^[a-z0-9.]+$")
HASHED_KEY = re.compile(r"^(manifest-)?(sha256:[0-9a-f]{64})$")
# What may be there or not; and the documents of images, of which the inventory has a sum of its own.
PASSED_OVER = re.compile(r"^(kist/names\.lock|kist/(staging|downloads)|overlay-[a-z]+(/[a-z-]+\.(json|lock))?|"
                         r"overlay-images/.*)$")
# What a holder may have to spare containers some work, and needs not have.
SPARES = re.compile(r"^(overlay/HOLDER/diff/etc(/.*)?|overlay-containers/[0-9a-f]{64}/kist-targets)$")
MOUNT_POINTS = {"hosts", "hostname", "resolv.conf"}
# What buildah keeps of a working container.
BUILDAHS = "userdata/buildah.json"
# An image that is made by the test has another ID each time.
MADE_HERE = "localhost/new:1"


def names(*path):
    try:
        return sorted(os.listdir(os.path.join(*path)))
    except FileNotFoundError:
        return []


def text(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8") as f:
            return f.read().strip()
    except FileNotFoundError:
        return None


def data_file(key):
    if PLAIN_KEY.match(key):
        return key
    return "=" + base64.b64encode(key.encode()).decode()


class Audit:
    def __init__(self, root, run):
        self.root, self.run, self.problems = root, run, []
        self.layers = {**self.index("overlay-layers", "layers.json"),
                       **self.index("overlay-layers", "volatile-layers.json")}
        self.images = self.index("overlay-images", "images.json")
        self.containers = {**self.index("overlay-containers", "containers.json"),
                           **self.index("overlay-containers", "volatile-containers.json")}
        # Layers of buildah's working containers, which nobody has as a tar.
        self.working = {r.get("layer") for i, r in self.containers.items()
                        if text(root, "overlay-containers", i, BUILDAHS)}

    def bad(self, *words):
        self.problems.append(" ".join(str(w) for w in words))

    def index(self, *path):
        """The records of an index file, by ID."""
        try:
            with open(os.path.join(self.root, *path), encoding="utf-8") as f:
                records = json.load(f) or []
        except FileNotFoundError:
            return {}
        except ValueError as e:
            self.bad(path[-1], "is no JSON:", e)
            return {}
        by_id = {r["id"]: r for r in records}
        if len(by_id) != len(records):
            self.bad(path[-1], "has an ID twice")
        return by_id

    def only(self, where, allowed):
        for name in names(self.root, where):
            if name not in allowed:
                self.bad("leftover", where + "/" + name)

    # --- layers ---
    def check_layer(self, layer_id, record):
        """Directory, links and tar-split; returns the name of its link."""
        top = os.path.join(self.root, "overlay", layer_id)
        flags = record.get("flags", {})
        for flag in ("incomplete", "kist-staging"):
            if flag in flags:
                self.bad("layer", layer_id, "is", flag)
        link = text(top, "link")
        if not os.path.isdir(top + "/diff") or not link or not LINK.match(link):
            self.bad("layer", layer_id, "has no directory or no link file")
            return None
        try:
            target = os.readlink(os.path.join(self.root, "overlay", "l", link))
        except OSError:
            target = None
        if target != "../" + layer_id + "/diff":
            self.bad("layer", layer_id, "its link leads to", target)
        self.check_parent(layer_id, record, top)
        split = os.path.join(self.root, "overlay-layers", layer_id + ".tar-split.gz")
        if "kist-holder" not in flags and layer_id not in self.working and not os.path.isfile(split):
            self.bad("layer", layer_id, "has no tar-split")
        if "kist-holder" in flags:
            self.only("overlay/" + layer_id + "/diff", ["etc"])
            self.only("overlay/" + layer_id + "/diff/etc", MOUNT_POINTS)
        self.only("overlay/" + layer_id,
                  {"diff", "link", "work", "merged", "lower" if record.get("parent") else "empty"})
        return link

    def check_parent(self, layer_id, record, top):
        parent, want = record.get("parent"), None
        if parent and parent not in self.layers:
            self.bad("layer", layer_id, "has no parent", parent)
        elif parent:
            above = text(self.root, "overlay", parent, "lower")
            want = "l/" + str(text(self.root, "overlay", parent, "link")) + (":" + above if above else "")
        if text(top, "lower") != want:
            self.bad("layer", layer_id, "lower is", text(top, "lower"), "not", want)

    def check_layers(self):
        links = [self.check_layer(i, r) for i, r in self.layers.items()]
        self.only("overlay", [*self.layers, "l", ".has-mount-program"])
        self.only("overlay/l", links)
        self.only("overlay-layers", [*(i + ".tar-split.gz" for i in self.layers),
                                     "layers.json", "layers.lock", "volatile-layers.json"])
        held = {c.get("layer") for c in self.containers.values()}
        for layer_id, record in self.layers.items():
            if "kist-holder" in record.get("flags", {}) and layer_id not in held:
                self.bad("layer", layer_id, "is nobody's")

    # --- images and containers ---
    def check_document(self, image_id, record, key):
        try:
            with open(os.path.join(self.root, "overlay-images", image_id, data_file(key)), "rb") as f:
                data = f.read()
        except OSError:
            self.bad("image", image_id, "has no", key)
            return
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        named = HASHED_KEY.match(key)
        if len(data) != record["big-data-sizes"][key] or digest != record["big-data-digests"][key] \
                or (named and named.group(2) != digest):
            self.bad("image", image_id, key, "is damaged")

    def check_images(self):
        for image_id, record in self.images.items():
            if record.get("layer") and record["layer"] not in self.layers:
                self.bad("image", image_id, "has no layer", record["layer"])
            keys = record.get("big-data-names", [])
            if "manifest" not in keys or "sha256:" + image_id not in keys:
                self.bad("image", image_id, "has no documents")
            for key in keys:
                self.check_document(image_id, record, key)
            self.only("overlay-images/" + image_id, [data_file(k) for k in keys])
        self.only("overlay-images", [*self.images, "images.json", "images.lock"])
        self.check_names(self.images)

    def check_names(self, records):
        seen = set()
        for record in records.values():
            for name in record.get("names") or []:
                if name in seen:
                    self.bad("name", name, "is of two records")
                seen.add(name)

    def check_containers(self):
        for container_id, record in self.containers.items():
            if record.get("layer") not in self.layers or record.get("image") not in self.images:
                self.bad("container", container_id, "has no layer or no image")
            self.only("overlay-containers/" + container_id, ["userdata", "kist-targets"])
            targets = os.path.join(self.root, "overlay-containers", container_id, "kist-targets")
            if os.path.islink(targets) and os.readlink(targets) != record.get("layer"):
                self.bad("container", container_id, "kist-targets leads to", os.readlink(targets))
        self.only("overlay-containers",
                  [*self.containers, "containers.json", "containers.lock", "volatile-containers.json"])
        self.check_names(self.containers)

    # --- kist's own ---
    def check_own_container(self, container_id):
        top = os.path.join(self.root, "kist/containers", container_id)
        try:
            json.loads(text(top, "container.json") or "")
        except ValueError as e:
            self.bad("container", container_id, e)
        # (a temporary file in there goes with it)
        if not os.path.isdir(top + "/upper"):
            self.bad("container", container_id, "has no upper")

    def check_kist(self):
        mine = names(self.root, "kist/containers")
        for container_id in mine:
            self.check_own_container(container_id)
        for name in names(self.root, "kist/names"):
            if os.readlink(os.path.join(self.root, "kist/names", name)) not in mine:
                self.bad("name", name, "is of no container")
        for where in ("creating", "trash", "staging"):
            self.only("kist/" + where, [])
        self.only("kist", ["containers", "creating", "trash", "names", "names.lock", "staging", "downloads"])
        for name in names(self.run, "kist/containers"):
            if name not in mine:
                self.bad("leftover", "run/kist/containers/" + name)
        for name in names(self.run, "kist/seccomp"):
            if name.startswith("."):
                self.bad("leftover", "run/kist/seccomp/" + name)

    def check(self):
        self.check_layers()
        self.check_images()
        self.check_containers()
        self.check_kist()

    # --- the inventory ---
    def rename(self, name):
        for old, new in self.random_names:
            name = name.replace(old, new)
        return name

    def line(self, path, name):
        st = os.lstat(path)
        if stat.S_ISLNK(st.st_mode):
            return "l %s -> %s" % (self.rename(name), self.rename(os.readlink(path)))
        counts = stat.S_ISREG(st.st_mode) and not name.endswith((".json", ".gz", "ctr.log", "/lower"))
        return "%06o %d:%d %d %s" % (st.st_mode, st.st_uid, st.st_gid, st.st_size if counts else 0, self.rename(name))

    def inventory(self, to):
        self.random_names = [(text(self.root, "overlay", i, "link") or "?", "LINK") for i in self.layers]
        self.random_names += [(i, "HOLDER") for i, r in self.layers.items() if "kist-holder" in r.get("flags", {})]
        self.random_names += [(os.readlink(os.path.join(self.root, "kist/names", name)), "CONTAINER-" + name)
                              for name in names(self.root, "kist/names")]
        lines = []
        for top, dirs, files in os.walk(self.root):
            for entry in dirs + files:
                path = os.path.join(top, entry)
                name = os.path.relpath(path, self.root)
                if not PASSED_OVER.match(name) and not SPARES.match(self.rename(name)):
                    lines.append(self.line(path, name))
        for image_id, record in self.images.items():
            given = sorted(record.get("names") or [])
            lines.append("image %s %s layer %s, %d documents" % (
                "NEW" if MADE_HERE in given else image_id, given, record.get("layer"), len(record["big-data-names"])))
        with open(to, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write("\n".join(sorted(lines)) + "\n")


def main():
    for line in sys.stdin:
        words = line.split()
        audit = Audit(words[0], words[1])
        audit.check()
        if len(words) > 2 and not audit.problems:
            audit.inventory(words[2])
        print("\n".join([*audit.problems, "."]), flush=True)


main()
