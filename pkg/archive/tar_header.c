#include "tar_header.h"

#include <string.h>

bool tar_block_is_zero(const uint8_t *b)
{
	static const uint8_t zero[TAR_BLOCK];

	return memcmp(b, zero, TAR_BLOCK) == 0;
}

unsigned tar_block_sum(const uint8_t *b)
{
	unsigned sum = 8 * ' ';
	int i;

	for (i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	for (i = TAR_CHECKSUM; i < TAR_TYPE; i++)
		sum -= b[i];
	return sum;
}

/* Some old programs summed signed characters. */
static int signed_sum(const uint8_t *b)
{
	int sum = 8 * ' ', i;

	for (i = 0; i < TAR_BLOCK; i++)
		sum += (int8_t)b[i];
	for (i = TAR_CHECKSUM; i < TAR_TYPE; i++)
		sum -= (int8_t)b[i];
	return sum;
}

bool tar_block_checksum_ok(const uint8_t *b)
{
	int64_t want;

	if (!tar_number(b + TAR_CHECKSUM, 8, &want))
		return false;
	return want == (int64_t)tar_block_sum(b) || want == signed_sum(b);
}

static bool base256(const uint8_t *p, size_t n, int64_t *ret)
{
	uint8_t fill = p[0] & 0x40 ? 0xff : 0;
	uint64_t v = fill ? ~0ULL : 0;
	size_t i;
	uint8_t c;

	for (i = 0; i < n; i++) {
		c = i > 0 ? p[i] : (uint8_t)((p[0] & 0x7f) | (fill & 0x80));
		/* what is shifted out must be sign only */
		if ((v >> 55) != (fill ? 0x1ff : 0))
			return false;
		v = v << 8 | c;
	}
	*ret = (int64_t)v;
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\0';
}

bool tar_number(const uint8_t *p, size_t n, int64_t *ret)
{
	uint64_t v = 0;

	if (n > 0 && (p[0] & 0x80))
		return base256(p, n, ret);
	while (n > 0 && is_blank(*p))
		p++, n--;
	for (; n > 0 && !is_blank(*p); p++, n--) {
		if (*p < '0' || *p > '7' || v >> 60)
			return false;
		v = v << 3 | (uint64_t)(*p - '0');
	}
	for (; n > 0; p++, n--) {
		if (*p == '\0')
			break;
		if (*p != ' ')
			return false;
	}
	*ret = (int64_t)v;
	return true;
}

static size_t copy_field(char *out, const uint8_t *p, size_t n)
{
	n = strnlen((const char *)p, n);
	memcpy(out, p, n);
	out[n] = '\0';
	return n;
}

enum tar_format { FORMAT_V7, FORMAT_USTAR, FORMAT_STAR, FORMAT_GNU };

static enum tar_format format_of(const uint8_t *b)
{
	if (memcmp(b + TAR_MAGIC, "ustar  \0", 8) == 0)
		return FORMAT_GNU;
	if (memcmp(b + TAR_MAGIC, "ustar\0", 6) != 0)
		return FORMAT_V7;
	return memcmp(b + 508, "tar\0", 4) == 0 ? FORMAT_STAR : FORMAT_USTAR;
}

static size_t prefix_len(enum tar_format format)
{
	if (format == FORMAT_USTAR)
		return TAR_PREFIX_LEN;
	return format == FORMAT_STAR ? 131 : 0;
}

static void parse_names(const uint8_t *b, enum tar_format format, struct tar_block *ret)
{
	size_t n = 0, max = prefix_len(format);

	if (max > 0)
		n = copy_field(ret->name, b + TAR_PREFIX, max);
	if (n > 0)
		ret->name[n++] = '/';
	(void)copy_field(ret->name + n, b + TAR_NAME, TAR_NAME_LEN);
	(void)copy_field(ret->link, b + TAR_LINKNAME, TAR_NAME_LEN);
	ret->uname[0] = ret->gname[0] = '\0';
	if (format == FORMAT_V7)
		return;
	(void)copy_field(ret->uname, b + TAR_UNAME, TAR_OWNER_LEN);
	(void)copy_field(ret->gname, b + TAR_GNAME, TAR_OWNER_LEN);
}

bool tar_natural(const uint8_t *p, size_t n, uint64_t *ret)
{
	int64_t v;

	if (!tar_number(p, n, &v) || v < 0)
		return false;
	*ret = (uint64_t)v;
	return true;
}

static const char *parse_devices(const uint8_t *b, struct tar_block *ret)
{
	uint64_t dev_major = 0, dev_minor = 0;

	if (ret->type == TAR_CHAR || ret->type == TAR_BLOCK_DEV) {
		if (!tar_natural(b + TAR_MAJOR, 8, &dev_major) || dev_major > UINT32_MAX)
			return "major device number";
		if (!tar_natural(b + TAR_MINOR, 8, &dev_minor) || dev_minor > UINT32_MAX)
			return "minor device number";
	}
	ret->dev_major = (uint32_t)dev_major;
	ret->dev_minor = (uint32_t)dev_minor;
	return NULL;
}

const char *tar_block_parse(const uint8_t *b, struct tar_block *ret)
{
	enum tar_format format = format_of(b);
	int64_t mode;

	ret->type = b[TAR_TYPE];
	ret->gnu = format == FORMAT_GNU;
	parse_names(b, format, ret);
	if (!tar_number(b + TAR_MODE, 8, &mode))
		return "mode";
	if (!tar_natural(b + TAR_UID, 8, &ret->uid))
		return "uid";
	if (!tar_natural(b + TAR_GID, 8, &ret->gid))
		return "gid";
	if (!tar_natural(b + TAR_SIZE, 12, &ret->size))
		return "size";
	if (!tar_number(b + TAR_MTIME, 12, &ret->mtime))
		return "mtime";
	ret->mode = (uint32_t)(mode & 07777);
	if (format == FORMAT_V7) {
		ret->dev_major = ret->dev_minor = 0;
		return NULL;
	}
	return parse_devices(b, ret);
}
