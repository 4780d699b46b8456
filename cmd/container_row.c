/* The fields of ps. */
#include "container_row.h"
#include "fields.h"
#include "obj.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define SHORT_ID 12
#define COMMAND_SHOWN 17

static const struct container_row *row_of(const void *row)
{
	return row;
}

static const struct container_def *def_of(const void *row)
{
	return &row_of(row)->c->def;
}

/* Go's zero time in seconds since 1970, which is what podman gives for never. */
#define NEVER_SEC (-62135596800LL)

/* Of what another tool may have started it says nothing at all. */
static int64_t seconds(const struct container_row *row, int64_t ns)
{
	return ns ? ns / NSEC_PER_SEC : row->external ? 0 : NEVER_SEC;
}

static const char *image_of(const struct container_def *def)
{
	return def->image.name ? def->image.name : def->image.id;
}

FIELD(get_id)
{
	return tmpl_keepf(mem, ret, err, "%.*s", row_of(row)->no_trunc ? ID_HEX_LEN : SHORT_ID,
			  def_of(row)->id);
}

FIELD(get_image_id)
{
	const char *id = def_of(row)->image.id ? def_of(row)->image.id : "";

	return tmpl_keepf(mem, ret, err, "%.*s", row_of(row)->no_trunc ? ID_HEX_LEN : SHORT_ID, id);
}

FIELD(get_command)
{
	AUTO_BUF struct buf b = BUF_INIT(OUT_MAX);
	const struct strv *args = &def_of(row)->process.args;
	bool whole = row_of(row)->no_trunc;
	size_t i;

	for (i = 0; i < args->n; i++)
		buf_addf(&b, "%s%s", i ? " " : "", args->v[i]);
	if (whole || b.len <= COMMAND_SHOWN)
		return tmpl_keepf(mem, ret, err, "%s", buf_str(&b));
	return tmpl_keepf(mem, ret, err, "%.*s...", COMMAND_SHOWN, buf_str(&b));
}

static int ago(int64_t then, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	char words[TIME_WORDS_MAX];

	return tmpl_keepf(mem, ret, err, "%s ago", time_words(time_now_ns() - then, words));
}

FIELD(get_running_for)
{
	return ago(def_of(row)->created_at, mem, ret, err);
}

FIELD(get_created_at)
{
	char text[TIME_GO_MAX];

	return tmpl_keepf(mem, ret, err, "%s", time_go(def_of(row)->created_at, true, text));
}

FIELD(get_created)
{
	return tmpl_time(mem, def_of(row)->created_at, true, ret, err);
}

const char *container_row_state(const struct container_row *row)
{
	return row->external ? "storage" : container_state_name(row->status.state);
}

#define STATUS_MAX (TIME_WORDS_MAX + 64)

static const char *status_of(const struct container_row *row, char out[STATUS_MAX])
{
	const struct container_status *st = &row->status;
	char words[TIME_WORDS_MAX];
	int64_t now = time_now_ns();

	if (row->external)
		(void)snprintf(out, STATUS_MAX, "Storage");
	else if (st->state == CONTAINER_RUNNING)
		(void)snprintf(out, STATUS_MAX, "Up %s", time_words(now - st->started_at, words));
	else if (st->state == CONTAINER_EXITED)
		(void)snprintf(out, STATUS_MAX, "Exited (%d) %s ago", st->exit_code,
			       time_words(now - st->finished_at, words));
	else
		(void)snprintf(out, STATUS_MAX, "Created");
	return out;
}

FIELD(get_status)
{
	char text[STATUS_MAX];

	return tmpl_keepf(mem, ret, err, "%s", status_of(row, text));
}

FIELD(get_labels)
{
	return tmpl_env(mem, &def_of(row)->labels, ret, err);
}

FIELD(get_mounts)
{
	const struct container_def *def = def_of(row);
	struct tmpl_value *v = tmpl_alloc(mem, (def->n_mounts + 1) * sizeof(*v), err);
	size_t i;

	if (!v)
		return -(int)err->code;
	for (i = 0; i < def->n_mounts; i++)
		v[i] = tmpl_string(def->mounts[i].destination);
	return tmpl_keep_list(mem, v, def->n_mounts, ret, err);
}

FIELD(get_size)
{
	const struct container_size *size = row_of(row)->size;
	char rw[HUMAN_MAX], all[HUMAN_MAX];

	if (!size) {
		*ret = tmpl_string("");
		return 0;
	}
	return tmpl_keepf(mem, ret, err, "%s (virtual %s)", human_size_short(size->rw, "", rw),
			  human_size_short(size->rw + size->image, "", all));
}

/* The inode of a namespace, as the kernel names it: "pid:[4026531836]". */
static const char *namespace_of(const void *row, const char *name, char out[64])
{
	char path[64], text[64];
	ssize_t n;

	*out = '\0';
	if (row_of(row)->status.pid <= 0)
		return out;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", row_of(row)->status.pid, name);
	n = readlink(path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	if (strchr(text, '['))
		(void)snprintf(out, 64, "%.*s", (int)strcspn(strchr(text, '[') + 1, "]"),
			       strchr(text, '[') + 1);
	return out;
}

#define NAMESPACE(fn, name)                                                                        \
	FIELD(fn)                                                                                  \
	{                                                                                          \
		char inode[64];                                                                    \
                                                                                                   \
		return tmpl_keepf(mem, ret, err, "%s", namespace_of(row, name, inode));            \
	}

/* {{.Namespaces.PIDNS}} is {{.PIDNS}}. */
static int namespaces_field(const void *row, const char *name, struct tmpl_mem *mem,
			    struct tmpl_value *ret, struct err *err);

static size_t no_namespaces(const void *row)
{
	(void)row;
	return 0;
}

static const struct tmpl_ops namespaces_ops = {
    .type = "types.ListContainerNamespaces", .count = no_namespaces, .field = namespaces_field};

PLAIN(get_namespaces, tmpl_object(&namespaces_ops, row))

NAMESPACE(get_ns_cgroup, "cgroup")
NAMESPACE(get_ns_ipc, "ipc")
NAMESPACE(get_ns_mnt, "mnt")
NAMESPACE(get_ns_net, "net")
NAMESPACE(get_ns_pid, "pid")
NAMESPACE(get_ns_user, "user")
NAMESPACE(get_ns_uts, "uts")

PLAIN(get_whole_id, tmpl_string(def_of(row)->id))
PLAIN(get_image, tmpl_string(image_of(def_of(row))))
PLAIN(get_state, tmpl_string(container_row_state(row)))
PLAIN(get_names, tmpl_string(def_of(row)->name))
PLAIN(get_pid, tmpl_int(row_of(row)->status.pid))
PLAIN(get_exit_code, tmpl_int(row_of(row)->status.exit_code))
PLAIN(get_exited, tmpl_bool(row_of(row)->status.state == CONTAINER_EXITED))
PLAIN(get_started_at, tmpl_int(seconds(row, row_of(row)->status.started_at)))
PLAIN(get_exited_at, tmpl_int(seconds(row, row_of(row)->status.finished_at)))
PLAIN(get_auto_remove, tmpl_bool(def_of(row)->auto_remove))
/* There are no pods, restarts, and networks with names. */
PLAIN(get_empty, tmpl_string(""))
PLAIN(get_restarts, tmpl_string("0"))
PLAIN(get_false, tmpl_bool(false))

static const struct report_field fields[] = {
    {"ID", "CONTAINER ID", get_id},
    {"Id", "CONTAINER ID", get_whole_id},
    {"Image", NULL, get_image},
    {"ImageID", NULL, get_image_id},
    {"Command", NULL, get_command},
    {"Created", NULL, get_created},
    {"CreatedAt", NULL, get_created_at},
    {"CreatedHuman", "CREATED", get_running_for},
    {"RunningFor", "RUNNING FOR", get_running_for},
    {"Status", NULL, get_status},
    {"State", NULL, get_state},
    {"Ports", NULL, get_empty},
    {"Names", NULL, get_names},
    {"Pid", NULL, get_pid},
    {"Pod", "POD ID", get_empty},
    {"PodName", "PODNAME", get_empty},
    {"ExitCode", NULL, get_exit_code},
    {"Exited", NULL, get_exited},
    {"StartedAt", NULL, get_started_at},
    {"ExitedAt", NULL, get_exited_at},
    {"AutoRemove", NULL, get_auto_remove},
    {"Restarts", NULL, get_restarts},
    {"IsInfra", NULL, get_false},
    {"CIDFile", NULL, get_empty},
    {"Networks", NULL, get_empty},
    {"Labels", NULL, get_labels},
    {"Mounts", NULL, get_mounts},
    {"Size", NULL, get_size},
    {"Namespaces", NULL, get_namespaces},
    {"Cgroup", "CGROUPNS", get_ns_cgroup},
    {"IPC", NULL, get_ns_ipc},
    {"MNT", NULL, get_ns_mnt},
    {"NET", NULL, get_ns_net},
    {"PIDNS", "PIDNS", get_ns_pid},
    {"User", "USERNS", get_ns_user},
    {"UTS", NULL, get_ns_uts},
    {0},
};

static int namespaces_field(const void *row, const char *name, struct tmpl_mem *mem,
			    struct tmpl_value *ret, struct err *err)
{
	const struct report_field *f = fields;
	int r;

	while (f->name && f->get != get_ns_cgroup)
		f++;
	for (; f->name; f++) {
		if (!streq(f->name, name))
			continue;
		r = f->get(row, mem, ret, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int call(const void *row, const char *name, const char *arg, struct tmpl_mem *mem,
		struct tmpl_value *ret, struct err *err)
{
	(void)mem;
	(void)err;
	if (!streq(name, "Label"))
		return 0;
	*ret = tmpl_string(strv_env_get(&def_of(row)->labels, arg));
	return 1;
}

/* ---- JSON ---- */

static void put_name(struct obj *o, const struct container_def *def)
{
	struct json *names = json_array(o->doc);

	if (o->r == 0 && names)
		o->r = json_append(names, json_string(o->doc, def->name), o->err);
	obj_put(o, "Names", names);
}

static void put_mounts(struct obj *o, const struct container_row *row)
{
	const struct container_def *def = &row->c->def;
	struct json *list = row->external ? json_null(o->doc) : json_array(o->doc);
	size_t i;

	for (i = 0; i < def->n_mounts && o->r == 0; i++)
		o->r = json_append(list, json_string(o->doc, def->mounts[i].destination), o->err);
	obj_put(o, "Mounts", list);
}

static void put_size(struct obj *o, const struct container_size *size)
{
	struct obj s;

	if (!size) {
		obj_put(o, "Size", json_null(o->doc));
		return;
	}
	s = obj_new(o->doc, o->err);
	obj_int(&s, "rootFsSize", (int64_t)(size->rw + size->image));
	obj_int(&s, "rwSize", (int64_t)size->rw);
	obj_part(o, "Size", &s);
}

static void put_times(struct obj *o, const struct container_row *row, bool listed)
{
	int64_t created = row->c->def.created_at;
	char words[TIME_WORDS_MAX], ago[TIME_WORDS_MAX + 8];

	if (!listed) {
		obj_time(o, "Created", created);
		obj_str(o, "CreatedAt", "");
		return;
	}
	(void)snprintf(ago, sizeof(ago), "%s ago", time_words(time_now_ns() - created, words));
	obj_str(o, "CreatedAt", ago);
	obj_int(o, "Created", created / NSEC_PER_SEC);
}

static void put_state(struct obj *o, const struct container_row *row, bool listed)
{
	const struct container_status *st = &row->status;
	char text[STATUS_MAX];

	obj_bool(o, "Exited", st->state == CONTAINER_EXITED);
	obj_int(o, "ExitedAt", seconds(row, st->finished_at));
	obj_int(o, "ExitCode", st->exit_code);
	obj_int(o, "Pid", st->pid);
	obj_int(o, "StartedAt", seconds(row, st->started_at));
	obj_str(o, "State", container_row_state(row));
	obj_str(o, "Status", listed ? status_of(row, text) : "");
}

static int put_json(const void *data, bool listed, struct buf *out, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct container_row *row = data;
	const struct container_def *def = &row->c->def;
	struct obj o, namespaces;
	int r = json_new(&doc, err);

	if (r < 0)
		return r;
	o = obj_new(doc, err);
	namespaces = obj_new(doc, err);
	obj_bool(&o, "AutoRemove", def->auto_remove);
	obj_list(&o, "Command", &def->process.args);
	put_times(&o, row, listed);
	obj_str(&o, "CIDFile", "");
	put_state(&o, row, listed);
	obj_put(&o, "ExposedPorts", json_null(doc));
	obj_str(&o, "Id", def->id);
	obj_str(&o, "Image", image_of(def));
	obj_str(&o, "ImageID", def->image.id);
	obj_bool(&o, "IsInfra", false);
	if (def->labels.n > 0)
		obj_map(&o, "Labels", &def->labels);
	else
		obj_put(&o, "Labels", json_null(doc));
	put_mounts(&o, row);
	put_name(&o, def);
	obj_part(&o, "Namespaces", &namespaces);
	obj_put(&o, "Networks", row->external ? json_null(doc) : json_array(doc));
	obj_str(&o, "Pod", "");
	obj_str(&o, "PodName", "");
	obj_put(&o, "Ports", json_null(doc));
	obj_int(&o, "Restarts", 0);
	put_size(&o, row->size);
	if (o.r == 0)
		json_dump(o.v, JSON_PLAIN, out);
	return o.r;
}

#define TABLE                                                                                      \
	"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedHuman}}\t{{.Status}}\t{{.Ports}}\t{{.Names}" \
	"}"

#define PODS "\t{{.Pod}}\t{{.PodName}}"
#define SIZES "\t{{.Size}}"

const char *const container_row_table = TABLE;
const char *const container_row_table_sized = TABLE SIZES;
const char *const container_row_table_pods = TABLE PODS;
const char *const container_row_table_pods_sized = TABLE PODS SIZES;
const char *const container_row_table_ns =
    "{{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.Cgroup}}\t{{.IPC}}\t{{.MNT}}\t{{.NET}}\t{{.PIDNS}}\t{{."
    "User}}\t{{.UTS}}";

const struct report_type container_row_type = {
    .name = "ps",
    .type = "containers.psReporter",
    .fields = fields,
    .table = TABLE,
    .json = put_json,
    .call = call,
    .indent = 2,
};
