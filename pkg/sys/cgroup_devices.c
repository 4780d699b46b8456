/* Which devices the processes of a group may open: a program that the kernel asks. It sits in the
 * v2 hierarchy, also on hybrid hosts, and cannot be changed through cgroup files that a container
 * mounts. */
#include "base/auto.h"
#include "base/err.h"
#include "sys/cgroup.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANY (-1)
/* For each device: two comparisons, and the answer. */
#define DEVICE_INSNS 4
#define OTHER_INSNS 15

/* All character devices: the ones of /dev, terminals, the console. */
static const struct {
	int major, minor;
} allowed[] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {136, ANY}};

struct program {
	struct bpf_insn insn[ARRAY_LEN(allowed) * DEVICE_INSNS + OTHER_INSNS];
	size_t n;
};

static void add(struct program *p, int code, int dst, int src, int off, int imm)
{
	p->insn[p->n++] = (struct bpf_insn){.code = (__u8)code,
					    .dst_reg = (__u8)(dst & 0xf),
					    .src_reg = (__u8)(src & 0xf),
					    .off = (__s16)off,
					    .imm = imm};
}

static void add_load(struct program *p, int dst, size_t member)
{
	add(p, BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, (int)member, 0);
}

static void add_answer(struct program *p, int answer)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, answer);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Goes on behind the next n instructions unless the register has the value. */
static void add_unless(struct program *p, int reg, int value, int n)
{
	add(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, n, value);
}

static void build(struct program *p)
{
	size_t i;

	add_load(p, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add_load(p, BPF_REG_3, offsetof(struct bpf_cgroup_dev_ctx, major));
	add_load(p, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* Making a node does no harm: its opening is asked about, too. The upper half is the
	 * access, the lower the type. */
	add_unless(p, BPF_REG_2, BPF_DEVCG_ACC_MKNOD << 16 | BPF_DEVCG_DEV_CHAR, 2);
	add_answer(p, 1);
	add_unless(p, BPF_REG_2, BPF_DEVCG_ACC_MKNOD << 16 | BPF_DEVCG_DEV_BLOCK, 2);
	add_answer(p, 1);
	add(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	add_unless(p, BPF_REG_2, BPF_DEVCG_DEV_BLOCK, 2);
	add_answer(p, 0);
	for (i = 0; i < ARRAY_LEN(allowed); i++) {
		bool any = allowed[i].minor == ANY;

		add_unless(p, BPF_REG_3, allowed[i].major, any ? 2 : 3);
		if (!any)
			add_unless(p, BPF_REG_4, allowed[i].minor, 2);
		add_answer(p, 1);
	}
	add_answer(p, 0);
}

static int load(const struct program *p, int *ret, struct err *err)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr)); /* the kernel wants padding to be zero, too */
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (__u64)(uintptr_t)p->insn;
	attr.insn_cnt = (__u32)p->n;
	attr.license = (__u64)(uintptr_t) "Apache-2.0";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return err_sys(err, errno, "loading the device filter");
	*ret = fd;
	return 0;
}

int cgroup_limit_devices(const struct cgroup *cg, struct err *err)
{
	struct program p = {.n = 0};
	AUTO_CLOSE int fd = -1;
	union bpf_attr attr;
	int group = cgroup_clone_fd(cg), r;

	if (group < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "the devices of a container are limited through the cgroup v2 "
			       "hierarchy, which this host does not have");
	build(&p);
	r = load(&p, &fd, err);
	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)group;
	attr.attach_bpf_fd = (__u32)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
		return err_sys(err, errno, "attaching the device filter");
	return 0;
}
