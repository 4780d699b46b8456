# kist - see `make help`
PREFIX ?= /usr/local
CC ?= cc
PKG_CONFIG ?= pkg-config
SAN ?=
WERROR ?=

VERSION := 0.1.0

# SAN=address,undefined builds beside the ordinary tree: build/san, bin/san.
ifneq ($(SAN),)
out := build/san
bindir_ := bin/san
sanflags := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
else
out := build/rel
bindir_ := bin
sanflags :=
endif

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wpointer-arith -Wwrite-strings -Wundef -Wold-style-definition \
	-Wno-missing-field-initializers $(if $(WERROR),-Werror)
ifneq ($(SAN),)
CFLAGS ?= -O1 -g
else
CFLAGS ?= -O2 -g
hardening := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif
cflags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DKIST_VERSION='"$(VERSION)"' \
	-DKIST_PREFIX='"$(PREFIX)"' -Iinclude -fno-common -fPIE -MMD -MP $(warnings) $(hardening) $(sanflags) $(CFLAGS)
ldflags := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(sanflags) $(LDFLAGS)
# Linked. Everything else is loaded on first use by the one module that owns it (base/lib.h).
libs := -ljansson -lcap

# Modules from the lowest layer to the highest, from the same file that lint checks.
layers := $(shell grep -v '^\#' docs/layers.txt | tac)
modules := $(filter $(filter-out cmd,$(layers)),$(notdir $(wildcard pkg/*)))
ordered := $(filter $(modules),$(layers))

srcs = $(filter-out $(wildcard pkg/$(1)/test_*.c pkg/$(1)/fuzz_*.c),$(wildcard pkg/$(1)/*.c pkg/$(1)/*.S))
objs = $(addprefix $(out)/,$(addsuffix .o,$(basename $(call srcs,$(1)))))
archives := $(foreach m,$(ordered),$(out)/lib$(m).a)
# Highest first, as the linker wants it.
link_order := $(shell echo $(archives) | tr ' ' '\n' | tac)

cmd_objs := $(addprefix $(out)/,$(addsuffix .o,$(basename $(filter-out $(wildcard cmd/test_*.c),$(wildcard cmd/*.c)))))
tests := $(patsubst %.c,$(out)/%,$(wildcard pkg/*/test_*.c cmd/test_*.c))
fuzzers := $(patsubst %.c,$(out)/%,$(wildcard pkg/*/fuzz_*.c))

.PHONY: all unit check check-vm check-faults faults-tool check-soak quickstart bench lint fuzz install clean help format gen
.DEFAULT_GOAL := all
.SECONDARY:
FORCE:

all: $(bindir_)/kist ## build bin/kist

# Whole archives: two modules that define the same name are an error instead of one silently winning.
$(bindir_)/kist: $(cmd_objs) $(archives)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CC) $(ldflags) -o $@ $(cmd_objs) -Wl,--whole-archive $(link_order) -Wl,--no-whole-archive $(libs)

$(out)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CC) $(cflags) -c -o $@ $<

# The monitor is a freestanding static program embedded in kist: docs/decisions/0004-monitor.md.
shim_srcs := $(wildcard pkg/monitor/shim/*.c)
shim_cflags := -std=gnu11 -D_GNU_SOURCE -Os -g0 -Iinclude -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fomit-frame-pointer -Wl,--build-id=none,-z,noseparate-code,--gc-sections \
	-ffunction-sections -Wall -Wextra -Wshadow -Wmissing-prototypes $(if $(WERROR),-Werror)
$(out)/kist-monitor: $(shim_srcs) $(wildcard pkg/monitor/shim/*.h include/monitor/*.h) include/sys/rawcall.h
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CC) $(shim_cflags) -o $@ $(shim_srcs)
	strip -s $@
$(out)/%.o: %.S $(out)/kist-monitor
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CC) -c -DSHIM_FILE='"$(out)/kist-monitor"' -o $@ $<

# So is the last step before a container's command: docs/decisions/0006-runtime.md.
stub_srcs := $(wildcard pkg/runtime/stub/*.c)
$(out)/kist-init: $(stub_srcs) $(wildcard pkg/runtime/stub/*.h) include/sys/rawcall.h
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CC) $(shim_cflags) -o $@ $(stub_srcs)
	strip -s $@
$(out)/pkg/runtime/stub.o: pkg/runtime/stub.S $(out)/kist-init
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CC) -c -DSTUB_FILE='"$(out)/kist-init"' -o $@ $<

# The list of objects is a file, so that a source file that comes or goes makes its archive anew.
define module_rule
$(out)/lib$(1).list: FORCE
	@mkdir -p $$(@D); echo '$(call objs,$(1))' | cmp -s - $$@ || echo '$(call objs,$(1))' >$$@
$(out)/lib$(1).a: $(call objs,$(1)) $(out)/lib$(1).list
	@rm -f $$@; mkdir -p $$(@D)
	@$$(AR) rcs $$@ $(call objs,$(1))
endef
$(foreach m,$(ordered),$(eval $(call module_rule,$(m))))

# A module's tests are linked with its own layer and those below only: an upward call fails here.
layer_of = $(shell awk -v m=$(1) '!/^\#/ {n++; for (i = 1; i <= NF; i++) if ($$i == m) print n}' docs/layers.txt)
below = $(shell awk -v m=$(1) '!/^\#/ {for (i = 1; i <= NF; i++) if ($$i == m) {on = 1; print m; next}} on && !/^\#/ {for (i = 1; i <= NF; i++) print $$i}' docs/layers.txt)
test_libs = $(foreach m,$(filter $(modules),$(call below,$(1))),$(out)/lib$(m).a)
define test_rule
$(out)/pkg/$(1)/test_%: $(out)/pkg/$(1)/test_%.o $(call test_libs,$(1))
	@echo "  CC $$@"; $$(CC) $$(ldflags) -o $$@ $$< $(call test_libs,$(1)) $(libs) -lcmocka
$(out)/pkg/$(1)/fuzz_%: $(out)/pkg/$(1)/fuzz_%.o $(out)/test/fuzz/replay.o $(call test_libs,$(1))
	@echo "  CC $$@"; $$(CC) $$(ldflags) -o $$@ $$< $(out)/test/fuzz/replay.o $(call test_libs,$(1)) $(libs)
endef
$(foreach m,$(ordered),$(eval $(call test_rule,$(m))))
$(out)/cmd/test_%: $(out)/cmd/test_%.o $(filter-out $(out)/cmd/main.o,$(cmd_objs)) $(archives)
	@echo "  CC $@"; $(CC) $(ldflags) -o $@ $< $(filter-out $(out)/cmd/main.o $(out)/cmd/test_%.o,$(cmd_objs)) $(link_order) $(libs) -lcmocka

chosen := $(filter $(if $(M),$(out)/pkg/$(M)/%,%),$(tests) $(fuzzers))
unit: $(chosen) ## unit tests and stored fuzz inputs; no root, no network (M=store: one module)
	@test/unit.sh $(chosen)

check: ## install what the tests need and run all of them
	@test/check.sh

# The fault injector: test/faults/fault.c has its manual.
fault := $(out)/test/faults/fault
$(fault): $(patsubst %.c,$(out)/%.o,$(wildcard test/faults/*.c))
	@echo "  CC $@"; $(CC) $(ldflags) -o $@ $^
faults-tool: $(fault)

check-faults: all faults-tool ## kill kist at every system call, and let every one fail (long)
	@test/faults.sh all

check-vm: ## all tests of limits, in a virtual machine with every cgroup v2 controller (slow)
	@KIST_SUITE_LIMIT=3600 test/check.sh vm-full

# make check-soak SECS=600
check-soak: ## make check-soak SECS=600: four tools at random on one store; here, and in test/ns as root and as a user
	@KIST_SOAK_SECS="$(or $(SECS),600)" test/check.sh soak soak-ns-root soak-ns-user

quickstart: ## install dependencies, build, and show the main job against a real registry
	@contrib/quickstart.sh

bench: all ## ratios against bubblewrap, podman and tar, in one run
	@test/bench/bench.sh

lint: ## format, layers, banned functions, sizes, headers alone, shellcheck
	@contrib/lint/lint.sh

format: ## apply clang-format
	clang-format -i $(shell git ls-files '*.c' '*.h')

# make fuzz T=toml SECS=60: one target under libFuzzer (clang)
fuzz: ## make fuzz T=NAME SECS=60: one fuzz target with libFuzzer
	@contrib/fuzz.sh "$(T)" "$(or $(SECS),60)"

gen: all ## write completions/ and docs/man/ anew from the verb tables
	@contrib/gen.sh bin/kist

install: all ## install below $(DESTDIR)$(PREFIX)
	install -D -m 755 bin/kist $(DESTDIR)$(PREFIX)/bin/kist
	install -D -m 644 completions/kist.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/kist
	install -D -m 644 completions/kist.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_kist
	install -D -m 644 completions/kist.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/kist.fish
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/

clean: ## remove what was built
	rm -rf build bin

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(out) -name '*.d' 2>/dev/null)
