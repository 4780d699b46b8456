/* Mount points in the holder's layer: only where the image shows just what it would show without.
 */
#include "test_store.h"

#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* What a layer has below its diff, each with 'd' a directory of mode 0751, 'f' a file, 'l' a link
 * to it, 'w' a whiteout, 'o' an opaque directory. */
struct thing {
	char kind;
	const char *path;
};
#define THINGS_MAX 6

static void make_thing(int diff, const struct thing *t)
{
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = -1;

	switch (t->kind) {
	case 'd':
	case 'o':
		assert_int_equal(mkdirat(diff, t->path, 0751), 0);
		assert_int_equal(fchmodat(diff, t->path, 0751, 0), 0);
		break;
	case 'f':
		ok(file_create(diff, t->path, 0644, "x", 1, &err), &err);
		break;
	case 'l':
		assert_int_equal(symlinkat("/elsewhere", diff, t->path), 0);
		break;
	default:
		assert_int_equal(mknodat(diff, t->path, S_IFCHR, makedev(0, 0)), 0);
	}
	if (t->kind != 'o')
		return;
	ok(dir_open(diff, t->path, &fd, &err), &err);
	assert_int_equal(fsetxattr(fd, "user.overlay.opaque", "y", 1, 0), 0);
}

/* The layers from the bottom up; returns the ID of the top one in id. */
static void make_layers(struct store *s, const struct thing (*layers)[THINGS_MAX], size_t n,
			char id[STORE_ID_LEN + 1])
{
	char digests[CHAIN_MAX][SHA256_TEXT_MAX], text[2] = "0";
	struct store_layer_done done[CHAIN_MAX] = {0};
	struct store_layer_new *fresh[CHAIN_MAX];
	struct err err = ERR_INIT;
	size_t i, k;

	ok(store_layers_begin(s, fresh, n, &err), &err);
	for (i = 0; i < n; i++) {
		text[0] = (char)('0' + i);
		done[i].fresh = fresh[i];
		ok(fill_layer(fresh[i], text, digests[i], &done[i].info, &err), &err);
		for (k = 0; k < THINGS_MAX && layers[i][k].kind; k++)
			make_thing(store_layer_new_diff(fresh[i]), &layers[i][k]);
	}
	ok(store_layers_commit(s, done, n, &err), &err);
	memcpy(id, done[n - 1].id, STORE_ID_LEN + 1);
}

/* What the holder's layer of such an image has in etc: "hosts hostname resolv.conf" or less; ""
 * when there is none. */
static void expect(const struct thing (*layers)[THINGS_MAX], size_t n, const char *want)
{
	static const char *const names[] = {"hosts", "hostname", "resolv.conf"};
	char top[STORE_ID_LEN + 1], image[STORE_ID_LEN + 1], holder[STORE_ID_LEN + 1];
	char path[192], got[64] = "";
	struct err err = ERR_INIT;
	struct stat st;
	struct place p;
	struct store *s;
	size_t i;

	place_make(&p);
	s = place_open(&p);
	make_layers(s, layers, n, top);
	add_image(s, "image", top, "localhost/i:1", image);
	ok(store_hold_image(s, image, &err), &err);
	assert_int_equal(store_holder_layer(s, image, holder, &err), *want != '\0');
	for (i = 0; *want && i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "overlay/%s/diff/etc/%s", holder, names[i]);
		if (there(&p, path))
			(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
				       got[0] ? " " : "", names[i]);
	}
	assert_string_equal(got, want);
	if (*want) {
		(void)snprintf(path, sizeof(path), "%s/overlay/%s/diff/etc", p.graph, holder);
		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0751);
	}
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

static void what_the_image_lacks_is_made(void **state)
{
	static const struct thing none[][THINGS_MAX] = {{{'d', "etc"}}},
				  one[][THINGS_MAX] = {{{'d', "etc"}, {'f', "etc/hostname"}}},
				  link[][THINGS_MAX] = {{{'d', "etc"}, {'l', "etc/resolv.conf"}}};

	(void)state;
	expect(none, 1, "hosts hostname resolv.conf");
	expect(one, 1, "hosts resolv.conf");
	expect(link, 1, "hosts hostname");
}

static void nothing_is_made_where_nothing_lacks_or_etc_is_none(void **state)
{
	static const struct thing all[][THINGS_MAX] =
	    {{{'d', "etc"}, {'f', "etc/hosts"}, {'f', "etc/hostname"}, {'f', "etc/resolv.conf"}}},
				  no[][THINGS_MAX] = {{{'d', "usr"}}},
				  link[][THINGS_MAX] = {{{'l', "etc"}}},
				  file[][THINGS_MAX] = {{{'f', "etc"}}};

	(void)state;
	expect(all, 1, "");
	expect(no, 1, "");
	expect(link, 1, "");
	expect(file, 1, "");
}

static void the_layers_count_as_an_overlay_shows_them(void **state)
{
	static const struct thing low[][THINGS_MAX] = {{{'d', "etc"}, {'f', "etc/hosts"}},
						       {{'d', "etc"}}},
				  removed[][THINGS_MAX] = {{{'d', "etc"}, {'f', "etc/hosts"}},
							   {{'d', "etc"}, {'w', "etc/hosts"}}},
				  all_gone[][THINGS_MAX] = {{{'d', "etc"}}, {{'w', "etc"}}},
				  hidden[][THINGS_MAX] = {{{'d', "etc"}, {'f', "etc/hosts"}},
							  {{'w', "etc"}},
							  {{'d', "etc"}}},
				  opaque[][THINGS_MAX] = {{{'d', "etc"}, {'f', "etc/hosts"}},
							  {{'o', "etc"}}};

	(void)state;
	expect(low, 2, "hostname resolv.conf");
	expect(removed, 2, "hosts hostname resolv.conf");
	expect(all_gone, 2, "");
	expect(hidden, 3, "hosts hostname resolv.conf");
	expect(opaque, 2, "");
}

int main(void)
{
	struct err none = ERR_INIT;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_image_lacks_is_made),
	    cmocka_unit_test(nothing_is_made_where_nothing_lacks_or_etc_is_none),
	    cmocka_unit_test(the_layers_count_as_an_overlay_shows_them),
	};

	ok(0, &none);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
