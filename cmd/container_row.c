/* The fields of ps. */
#include "container_row.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "sys/fd.h"

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

#define FIELD(fn)                                                                                  \
	static int fn(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret,               \
		      struct err *err)

FIELD(get_id)
{
	return tmpl_keepf(mem, ret, err, "%.*s", row_of(row)->no_trunc ? ID_HEX_LEN : SHORT_ID,
			  def_of(row)->id);
}

FIELD(get_image)
{
	const struct container_image *image = &def_of(row)->image;

	(void)mem;
	(void)err;
	*ret = tmpl_string(image->name ? image->name : image->id);
	return 0;
}

FIELD(get_image_id)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(def_of(row)->image.id);
	return 0;
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
	char text[RFC3339_MAX];

	/* Go's default layout, in UTC. */
	(void)time_rfc3339(def_of(row)->created_at, text);
	text[10] = ' ';
	text[strlen(text) - 1] = '\0';
	return tmpl_keepf(mem, ret, err, "%s +0000 UTC", text);
}

FIELD(get_created)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(def_of(row)->created_at / NSEC_PER_SEC);
	return 0;
}

FIELD(get_status)
{
	const struct container_status *st = &row_of(row)->status;
	char words[TIME_WORDS_MAX];
	int64_t now = time_now_ns();

	switch (st->state) {
	case CONTAINER_RUNNING:
		return tmpl_keepf(mem, ret, err, "Up %s", time_words(now - st->started_at, words));
	case CONTAINER_EXITED:
		return tmpl_keepf(mem, ret, err, "Exited (%d) %s ago", st->exit_code,
				  time_words(now - st->finished_at, words));
	default:
		*ret = tmpl_string("Created");
		return 0;
	}
}

FIELD(get_state)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(container_state_name(row_of(row)->status.state));
	return 0;
}

FIELD(get_ports)
{
	(void)row;
	(void)mem;
	(void)err;
	*ret = tmpl_string("");
	return 0;
}

FIELD(get_names)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(def_of(row)->name);
	return 0;
}

FIELD(get_name_list)
{
	struct tmpl_value name = tmpl_string(def_of(row)->name);

	return tmpl_keep_list(mem, &name, 1, ret, err);
}

FIELD(get_args)
{
	(void)mem;
	(void)err;
	*ret = tmpl_strv(&def_of(row)->process.args);
	return 0;
}

FIELD(get_network_list)
{
	struct tmpl_value network = tmpl_string(def_of(row)->network);

	return tmpl_keep_list(mem, &network, 1, ret, err);
}

FIELD(get_whole_id)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(def_of(row)->id);
	return 0;
}

FIELD(get_pid)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(row_of(row)->status.pid);
	return 0;
}

FIELD(get_exit_code)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(row_of(row)->status.exit_code);
	return 0;
}

FIELD(get_exited)
{
	(void)mem;
	(void)err;
	*ret = tmpl_bool(row_of(row)->status.state == CONTAINER_EXITED);
	return 0;
}

FIELD(get_started_at)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(row_of(row)->status.started_at / NSEC_PER_SEC);
	return 0;
}

FIELD(get_exited_at)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(row_of(row)->status.finished_at / NSEC_PER_SEC);
	return 0;
}

FIELD(get_auto_remove)
{
	(void)mem;
	(void)err;
	*ret = tmpl_bool(def_of(row)->auto_remove);
	return 0;
}

FIELD(get_networks)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(def_of(row)->network);
	return 0;
}

FIELD(get_labels)
{
	return tmpl_env(mem, &def_of(row)->labels, ret, err);
}

FIELD(get_mounts)
{
	AUTO_BUF struct buf b = BUF_INIT(OUT_MAX);
	const struct container_def *def = def_of(row);
	size_t i;

	for (i = 0; i < def->n_mounts; i++)
		buf_addf(&b, "%s%s", i ? "," : "", def->mounts[i].destination);
	return tmpl_keepf(mem, ret, err, "%s", buf_str(&b));
}

/* Of the writable layer. What this user may not read is not counted. */
FIELD(get_size)
{
	unsigned long long bytes = 0, inodes;
	struct err ignored = ERR_INIT;
	char human[HUMAN_MAX];

	(void)tree_usage(row_of(row)->c->dir, "upper", &bytes, &inodes, &ignored);
	return tmpl_keepf(mem, ret, err, "%s", human_size(bytes, human));
}

static const struct report_field fields[] = {
    {"ID", "CONTAINER ID", get_id, "-"},
    {"Id", "CONTAINER ID", get_whole_id},
    {"Image", NULL, get_image},
    {"ImageID", NULL, get_image_id},
    {"Command", NULL, get_command, "-"},
    {"Args", "COMMAND", get_args, "Command"},
    {"Created", NULL, get_created},
    {"CreatedAt", NULL, get_created_at},
    {"CreatedHuman", "CREATED", get_running_for, "-"},
    {"RunningFor", "CREATED", get_running_for, "-"},
    {"Status", NULL, get_status},
    {"State", NULL, get_state},
    {"Ports", NULL, get_ports},
    {"Names", NULL, get_names, "-"},
    {"NameList", "NAMES", get_name_list, "Names"},
    {"Pid", NULL, get_pid},
    {"ExitCode", NULL, get_exit_code},
    {"Exited", NULL, get_exited},
    {"StartedAt", NULL, get_started_at},
    {"ExitedAt", NULL, get_exited_at},
    {"AutoRemove", NULL, get_auto_remove},
    {"Networks", NULL, get_networks, "-"},
    {"NetworkList", "NETWORKS", get_network_list, "Networks"},
    {"Labels", NULL, get_labels},
    {"Mounts", NULL, get_mounts},
    {"Size", NULL, get_size, "-"},
    {0},
};

#define TABLE                                                                                      \
	"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"

const struct report_type container_row_type = {
    .name = "ps", .type = "psReporter", .fields = fields, .table = TABLE};
const struct report_type container_row_type_sized = {
    .name = "ps", .type = "psReporter", .fields = fields, .table = TABLE "\t{{.Size}}"};
