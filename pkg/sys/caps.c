#include "sys/caps.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define CAP_NAME_MAX 40
#define CAP_WORD 32

/* Upper-case names in the order of their numbers: what libcap may name "cap_x" or, when it is older
 * than the kernel, only by number. */
static unsigned caps_count(void)
{
	int n = cap_max_bits();

	return n > 0 && n < 64 ? (unsigned)n : CAP_LAST_CAP + 1;
}

uint64_t caps_all(void)
{
	return (UINT64_C(1) << caps_count()) - 1;
}

int caps_parse(const char *name, uint64_t *ret_mask, struct err *err)
{
	char lower[CAP_NAME_MAX];
	cap_value_t value;
	size_t i, n;

	if (strcasecmp(name, "all") == 0) {
		*ret_mask = caps_all();
		return 0;
	}
	(void)snprintf(lower, sizeof(lower), "%s%s",
		       strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_", name);
	n = strlen(lower);
	for (i = 0; i < n; i++)
		lower[i] = (char)tolower((unsigned char)lower[i]);
	/* libcap also takes bare numbers behind the prefix; we do not. */
	if (strchr("0123456789", lower[4]) || cap_from_name(lower, &value) < 0 || value < 0 ||
	    value >= 64)
		return err_set(err, ERR_INVALID, "unknown capability \"%s\"", name);
	*ret_mask = CAPS_BIT(value);
	return 0;
}

/* A constant table: cap_to_name(3) allocates, and its names are lower-case. */
static const char *const names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

const char *caps_name(unsigned cap)
{
	return cap < sizeof(names) / sizeof(names[0]) ? names[cap] : NULL;
}

uint64_t caps_bounding(void)
{
	uint64_t mask = 0;
	unsigned cap;

	for (cap = 0; cap < caps_count(); cap++)
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			mask |= CAPS_BIT(cap);
	return mask;
}

/* The kernel's own form, through the wrappers that libcap exports: no allocation, and so usable
 * between fork and exec. */
static int get_sets(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};

	return capget(&header, data);
}

uint64_t caps_effective(void)
{
	struct __user_cap_data_struct data[2];

	if (get_sets(data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << CAP_WORD;
}

struct caps_sets caps_for_user(uint64_t caps, uint64_t added, bool is_root)
{
	struct caps_sets s = {.bounding = caps};

	if (is_root) {
		s.effective = s.permitted = caps;
		return s;
	}
	added &= caps;
	s.effective = s.permitted = s.inheritable = s.ambient = added;
	return s;
}

int caps_drop_bounding(uint64_t keep, struct err *err)
{
	unsigned cap;

	for (cap = 0; cap < caps_count(); cap++) {
		if (keep & CAPS_BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap) < 0 && errno != EINVAL)
			return err_sys(err, errno, "dropping %s from the bounding set",
				       caps_name(cap) ? caps_name(cap) : "a capability");
	}
	return 0;
}

static int set_ambient(uint64_t ambient, struct err *err)
{
	unsigned cap;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(err, errno, "clearing ambient capabilities");
	for (cap = 0; cap < caps_count(); cap++)
		if ((ambient & CAPS_BIT(cap)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return err_sys(err, errno, "raising ambient capability %u", cap);
	return 0;
}

int caps_set(const struct caps_sets *sets, struct err *err)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	uint64_t have, permitted, effective, inheritable;

	if (get_sets(data) < 0)
		return err_sys(err, errno, "reading capabilities");
	have = data[0].permitted | (uint64_t)data[1].permitted << CAP_WORD;
	permitted = sets->permitted & have;
	effective = sets->effective & permitted;
	inheritable = sets->inheritable & permitted;
	data[0] = (struct __user_cap_data_struct){(uint32_t)effective, (uint32_t)permitted,
						  (uint32_t)inheritable};
	data[1] = (struct __user_cap_data_struct){(uint32_t)(effective >> CAP_WORD),
						  (uint32_t)(permitted >> CAP_WORD),
						  (uint32_t)(inheritable >> CAP_WORD)};
	if (capset(&header, data) < 0)
		return err_sys(err, errno, "setting capabilities");
	return set_ambient(sets->ambient & inheritable, err);
}
