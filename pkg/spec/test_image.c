#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define D(c) "sha256:" c c c c c c c c c c c c c c c c
#define D1 D("1111")
#define D2 D("2222")
#define DESC(type, digest, size)                                                                   \
	"{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define OCI_HEAD "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\","
#define OCI_CONFIG "\"config\":" DESC(MEDIA_OCI_CONFIG, D1, "7")
#define OCI_TEXT OCI_HEAD OCI_CONFIG ",\"layers\":[" DESC(MEDIA_OCI_LAYER_ZSTD, D2, "99") "]}"

static int read_manifest(const char *text, struct manifest *m, struct err *err)
{
	return manifest_read(text, strlen(text), NULL, m, err);
}

static void an_oci_manifest_is_read_and_written(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(MANIFEST_SIZE_MAX);
	AUTO_MANIFEST struct manifest m = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_manifest(OCI_TEXT, &m, &err), 0);
	assert_int_equal(m.kind, MANIFEST_OCI);
	assert_int_equal(m.n_layers, 1);
	assert_int_equal(m.layers[0].size, 99);
	assert_int_equal(layer_compression_of(m.layers[0].media_type), LAYER_ZSTD);
	assert_int_equal(manifest_is_image(&m, &err), 0);
	assert_int_equal(manifest_write(&m, &out, &err), 0);
	assert_string_equal(buf_str(&out), OCI_TEXT);
	m.kind = MANIFEST_DOCKER;
	assert_int_equal(manifest_write(&m, &out, &err), -ERR_UNSUPPORTED);
}

static void a_docker_manifest_is_known_by_content_type_or_its_own(void **state)
{
	static const char text[] = "{\"schemaVersion\":2," OCI_CONFIG ",\"layers\":[]}";
	struct err err = ERR_INIT;
	enum manifest_kind k;

	(void)state;
	assert_int_equal(
	    manifest_kind_of(text, strlen(text), MEDIA_DOCKER_MANIFEST "; charset=utf-8", &k, &err),
	    0);
	assert_int_equal(k, MANIFEST_DOCKER);
	assert_int_equal(manifest_kind_of(text, strlen(text), "text/plain", &k, &err), 0);
	assert_int_equal(k, MANIFEST_OCI);
	assert_int_equal(
	    manifest_kind_of(OCI_TEXT, strlen(OCI_TEXT), MEDIA_DOCKER_MANIFEST, &k, &err), 0);
	assert_int_equal(k, MANIFEST_OCI);
}

static void assert_refused(const char *text, enum err_code code, const char *why)
{
	struct manifest m = {0};
	struct err err = ERR_INIT;

	assert_int_equal(read_manifest(text, &m, &err), -(int)code);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
}

static void bad_manifests_are_refused(void **state)
{
	(void)state;
	assert_refused("{\"schemaVersion\":1,\"fsLayers\":[]}", ERR_UNSUPPORTED, "schema 1");
	assert_refused("[]", ERR_INVALID, "expected an object");
	assert_refused("{\"a\":1}", ERR_UNSUPPORTED, "neither a manifest nor an index");
	assert_refused("{\"mediaType\":\"text/x\",\"layers\":[],\"config\":{}}", ERR_UNSUPPORTED,
		       "\"text/x\" is not known");
	assert_refused(OCI_HEAD OCI_CONFIG ",\"layers\":[],\"manifests\":[]}", ERR_INVALID,
		       "both an index and a manifest");
	assert_refused(OCI_HEAD OCI_CONFIG "}", ERR_INVALID, "/layers: missing");
	assert_refused(OCI_HEAD OCI_CONFIG ",\"layers\":[" DESC("x", "sha256:12", "1") "]}",
		       ERR_INVALID, "layer 1: \"sha256:12\" is not a digest");
	assert_refused(OCI_HEAD OCI_CONFIG ",\"layers\":[" DESC("x", D1, "-1") "]}", ERR_INVALID,
		       "layer 1: negative size");
	assert_refused(OCI_HEAD OCI_CONFIG ",\"layers\":[{\"mediaType\":\"x\",\"digest\":5}]}",
		       ERR_INVALID, "image manifest: /layers/0/digest: expected a string");
	assert_refused("{\"manifests\":[]}", ERR_INVALID, "is an index");
}

static void artifacts_and_unknown_layers_are_no_images(void **state)
{
	AUTO_MANIFEST struct manifest a = {0}, b = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    read_manifest(OCI_HEAD "\"config\":" DESC(MEDIA_OCI_EMPTY, D1, "2") ",\"layers\":[]}",
			  &a, &err),
	    0);
	assert_int_equal(manifest_is_image(&a, &err), -ERR_UNSUPPORTED);
	assert_int_equal(read_manifest(OCI_HEAD OCI_CONFIG
				       ",\"layers\":[" DESC("text/x", D1, "2") "]}",
				       &b, &err),
			 0);
	assert_int_equal(manifest_is_image(&b, &err), -ERR_UNSUPPORTED);
	a.kind = MANIFEST_DOCKER;
	free(a.config.media_type);
	a.config.media_type = strdup("application/octet-stream");
	assert_int_equal(manifest_is_image(&a, &err), 0);
	a.config.size = (int64_t)IMAGE_CONFIG_SIZE_MAX + 1;
	assert_int_equal(manifest_is_image(&a, &err), -ERR_LIMIT);
}

static void too_many_layers_are_refused(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	int i;

	(void)state;
	buf_adds(&text, OCI_HEAD OCI_CONFIG ",\"layers\":[");
	for (i = 0; i <= IMAGE_LAYERS_MAX; i++)
		buf_addf(&text, "%s" DESC("x", D1, "1"), i ? "," : "");
	buf_adds(&text, "]}");
	assert_refused(buf_str(&text), ERR_LIMIT, "501 layers are more than 500");
}

#define ENTRY(digest, platform)                                                                    \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" digest "\",\"size\":5" platform  \
	"}"
#define PLATFORM(arch, more)                                                                       \
	",\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"" more "}"

static void the_index_entry_for_the_platform_is_chosen(void **state)
{
	static const char text[] =
	    "{\"schemaVersion\":2,\"manifests\":[" ENTRY(D("aaaa"), PLATFORM("amd64", "")) "," ENTRY(
		D("bbbb"),
		PLATFORM(
		    "arm",
		    ",\"variant\":\"v6\"")) "," ENTRY(D("cccc"),
						      PLATFORM(
							  "arm",
							  ",\"variant\":\"v7\"")) "," ENTRY(D("ddd"
											      "d"),
											    PLATFORM(
												"ar"
												"m6"
												"4",
												"")) "]}";
	struct platform want = {"linux", "arm", "v7"};
	const struct index_entry *e = NULL;
	AUTO_INDEX struct index x = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(index_read(text, strlen(text), "", &x, &err), 0);
	assert_int_equal(x.n_entries, 4);
	assert_int_equal(index_choose(&x, &want, &e, &err), 0);
	assert_string_equal(e->digest, D("cccc"));
	want = (struct platform){"linux", "arm", "v6"};
	assert_int_equal(index_choose(&x, &want, &e, &err), 0);
	assert_string_equal(e->digest, D("bbbb"));
	want = (struct platform){"linux", "arm64", "v8"};
	assert_int_equal(index_choose(&x, &want, &e, &err), 0);
	assert_string_equal(e->digest, D("dddd"));
	want = (struct platform){"linux", "riscv64", ""};
	assert_int_equal(index_choose(&x, &want, &e, &err), -ERR_NOT_FOUND);
	assert_string_equal(err.text, "no image found in image index for architecture riscv64, "
				      "variant \"\", OS linux");
}

static void an_entry_without_platform_is_the_last_resort(void **state)
{
	static const char text[] = "{\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[" ENTRY(
	    D("aaaa"), "") "," ENTRY(D("bbbb"), PLATFORM("amd64", "")) "]}";
	struct platform want = {"linux", "amd64", ""};
	const struct index_entry *e = NULL;
	AUTO_INDEX struct index x = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(index_read(text, strlen(text), NULL, &x, &err), 0);
	assert_int_equal(index_choose(&x, &want, &e, &err), 0);
	assert_string_equal(e->digest, D("bbbb"));
	want = (struct platform){"linux", "s390x", ""};
	assert_int_equal(index_choose(&x, &want, &e, &err), 0);
	assert_string_equal(e->digest, D("aaaa"));
}

static void an_image_config_is_read(void **state)
{
	static const char text[] =
	    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-11-22T00:00:00Z\","
	    "\"config\":{\"User\":\"1:1\",\"ExposedPorts\":{\"80/tcp\":{}},\"env\":[\"A=b\"],"
	    "\"Entrypoint\":null,\"Cmd\":[\"sh\"],\"Labels\":{\"a\":\"b\"},"
	    "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":30000000000}},"
	    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\"]},\"more\":{},"
	    "\"history\":[{\"created_by\":\"ADD\"},{\"created_by\":\"CMD\",\"empty_layer\":true}]}";
	AUTO_IMAGE_CONFIG struct image_config c = {0};
	struct manifest m = {.n_layers = 1};
	struct err err = ERR_INIT;

	(void)state;
	if (image_config_read(text, strlen(text), &c, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(c.config.exposed_ports.v[0], "80/tcp");
	assert_string_equal(c.config.env.v[0], "A=b");
	assert_int_equal(c.config.entrypoint.n, 0);
	assert_string_equal(c.config.labels.v[0], "a=b");
	assert_string_equal(c.config.healthcheck,
			    "{\"Test\":[\"CMD\",\"x\"],\"Interval\":30000000000}");
	assert_string_equal(c.diff_ids.v[0], D1);
	assert_true(c.history[1].empty_layer);
	assert_int_equal(image_config_fits(&c, &m, &err), 0);
	m.n_layers = 2;
	assert_int_equal(image_config_fits(&c, &m, &err), -ERR_CORRUPT);
}

static void assert_config_refused(const char *text, enum err_code code, const char *why)
{
	struct image_config c = {0};
	struct err err = ERR_INIT;

	assert_int_equal(image_config_read(text, strlen(text), &c, &err), -(int)code);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
}

static void bad_image_configs_are_refused(void **state)
{
	(void)state;
	assert_config_refused("{}", ERR_INVALID, "/rootfs: missing");
	assert_config_refused("{\"rootfs\":{\"diff_ids\":[\"x\"]}}", ERR_INVALID,
			      "/rootfs/diff_ids/0: \"x\" is not a digest");
	assert_config_refused("{\"rootfs\":{\"diff_ids\":[]},\"history\":[{}]}", ERR_INVALID,
			      "tells of 1 layers, but there are 0");
	assert_config_refused("{\"rootfs\":{},\"config\":{\"Env\":\"x\"}}", ERR_INVALID,
			      "image config: /config/Env: expected an array of strings");
	assert_config_refused("{\"rootfs\":{},\"config\":{\"Labels\":{\"a\":1}}}", ERR_INVALID,
			      "/config/Labels/a: expected a string");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_oci_manifest_is_read_and_written),
	    cmocka_unit_test(a_docker_manifest_is_known_by_content_type_or_its_own),
	    cmocka_unit_test(bad_manifests_are_refused),
	    cmocka_unit_test(artifacts_and_unknown_layers_are_no_images),
	    cmocka_unit_test(too_many_layers_are_refused),
	    cmocka_unit_test(the_index_entry_for_the_platform_is_chosen),
	    cmocka_unit_test(an_entry_without_platform_is_the_last_resort),
	    cmocka_unit_test(an_image_config_is_read),
	    cmocka_unit_test(bad_image_configs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
