#include "opt.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"

#include <stdio.h>
#include <stdlib.h>

/* For "did you mean": more options than any verb has. */
#define NAMES_MAX 256

/* What the scanner found. */
enum event { EVENT_END, EVENT_OPTION, EVENT_OPERAND, EVENT_HELP };

/* Where it is in the words. */
struct cursor {
	const struct opt_scan *scan;
	char *const *argv;
	int argc, i;
	const char *bundle; /* rest of "-abc", or NULL */
	bool only_operands; /* "--" has been seen */

	/* The event. */
	const struct opt *opt;
	const struct opt_group *group;
	const char *value; /* of an option; NULL for a flag without */
	const char *operand;
};

bool opt_takes_value(const struct opt *o)
{
	if (o->kind == OPT_FLAG || o->kind == OPT_TRISTATE)
		return false;
	return (o->kind != OPT_CUSTOM && o->kind != OPT_NOTHING) || !(o->flags & OPT_NO_VALUE);
}

const char *opt_meta(const struct opt *o)
{
	static const char *const by_kind[] = {
	    [OPT_STRING] = "STRING",	 [OPT_STRINGS] = "STRING", [OPT_CSV] = "LIST",
	    [OPT_INT] = "NUMBER",	 [OPT_UINT] = "NUMBER",	   [OPT_SIZE] = "BYTES",
	    [OPT_DURATION] = "DURATION", [OPT_CHOICE] = "WORD",	   [OPT_CUSTOM] = "VALUE",
	    [OPT_NOTHING] = "VALUE",
	};

	if (!opt_takes_value(o))
		return NULL;
	return o->meta ? o->meta : by_kind[o->kind];
}

static int with_hint(const struct opt_scan *scan, struct err *err)
{
	struct err e = *err;

	return err_set(err, e.code, "%s\nSee '%s --help'", e.text, scan->command);
}

/* By long name (len bytes of it), or by letter when name is NULL. */
static bool find(struct cursor *c, const char *name, size_t len, char letter)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = c->scan->groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			if (name ? str_eq((struct str){name, len}, o->name) : o->letter == letter) {
				c->opt = o;
				c->group = g;
				return true;
			}
	return false;
}

/* Is it a flag that is not built, by its name or else by its letter? */
static bool is_not_yet(const struct opt_scan *scan, const char *name, char letter)
{
	struct str rest = str_of(scan->not_yet ? scan->not_yet : ""), word;

	while ((word = str_cut(&rest, ' ')).ptr) {
		struct str flag = str_cut(&word, ':');

		if (name ? str_eq(flag, name) : (word.len == 1 && *word.ptr == letter))
			return true;
	}
	return false;
}

static int refuse_not_yet(const struct opt_scan *scan, const char *dashes, const char *name,
			  struct err *err)
{
	(void)err_set(err, ERR_UNSUPPORTED, "%s%s: podman has this flag, kist does not have it yet",
		      dashes, name);
	return with_hint(scan, err);
}

static int unknown_name(const struct cursor *c, const char *name, size_t len, struct err *err)
{
	AUTO_FREE char *given = str_dup((struct str){name, len});
	const char *names[NAMES_MAX], *near;
	const struct opt_group *g;
	const struct opt *o;
	size_t n = 0;

	if (!given)
		return err_nomem(err);
	if (is_not_yet(c->scan, given, 0))
		return refuse_not_yet(c->scan, "--", given, err);
	for (g = c->scan->groups; g->opts; g++)
		for (o = g->opts; o->name && n < NAMES_MAX; o++)
			if (!(o->flags & (OPT_HIDDEN | OPT_DEPRECATED)))
				names[n++] = o->name;
	near = str_nearest(given, names, n);
	(void)err_set(err, ERR_INVALID, "unknown flag: --%s%s%s%s", given,
		      near ? "\nDid you mean --" : "", near ? near : "", near ? "?" : "");
	return with_hint(c->scan, err);
}

/* --name, --name=value, --name value */
static int next_long(struct cursor *c, const char *word, struct err *err)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	c->i++;
	if (!find(c, name, len, 0)) {
		if (streq(name, "help"))
			return EVENT_HELP;
		return unknown_name(c, name, len, err);
	}
	c->value = equals ? equals + 1 : NULL;
	if (c->value)
		return EVENT_OPTION;
	if (c->opt->bare) {
		c->value = c->opt->bare;
	} else if (opt_takes_value(c->opt)) {
		if (c->i >= c->argc) {
			(void)err_set(err, ERR_INVALID, "flag needs an argument: --%s",
				      c->opt->name);
			return with_hint(c->scan, err);
		}
		c->value = c->argv[c->i++];
	}
	return EVENT_OPTION;
}

/* One letter of -abc; the last may have a value: -n5, -n=5, -n 5. */
static int next_letter(struct cursor *c, struct err *err)
{
	const char *word = c->argv[c->i];
	char letter = *c->bundle++;

	if (!find(c, NULL, 0, letter)) {
		if (letter == 'h')
			return EVENT_HELP;
		if (is_not_yet(c->scan, NULL, letter))
			return refuse_not_yet(c->scan, "-", (char[]){letter, '\0'}, err);
		(void)err_set(err, ERR_INVALID, "unknown shorthand flag: '%c' in %s", letter, word);
		return with_hint(c->scan, err);
	}
	c->value = NULL;
	if (*c->bundle == '=') {
		c->value = c->bundle + 1;
	} else if (c->opt->bare || !opt_takes_value(c->opt)) {
		c->value = c->opt->bare;
		if (*c->bundle)
			return EVENT_OPTION;
	} else if (*c->bundle) {
		c->value = c->bundle;
	} else if (c->i + 1 < c->argc) {
		c->value = c->argv[++c->i];
	} else {
		(void)err_set(err, ERR_INVALID, "flag needs an argument: '%c' in %s", letter, word);
		return with_hint(c->scan, err);
	}
	c->i++;
	c->bundle = NULL;
	return EVENT_OPTION;
}

static int next_event(struct cursor *c, struct err *err)
{
	const char *word;

	if (c->bundle)
		return next_letter(c, err);
	if (c->i < c->argc && !c->only_operands && streq(c->argv[c->i], "--")) {
		c->only_operands = true;
		c->i++;
	}
	if (c->i >= c->argc)
		return EVENT_END;
	word = c->argv[c->i];
	if (!c->only_operands && word[0] == '-' && word[1] == '-')
		return next_long(c, word, err);
	if (!c->only_operands && word[0] == '-' && word[1]) {
		c->bundle = word + 1;
		return next_letter(c, err);
	}
	if (c->scan->stop_at_operand)
		return EVENT_END;
	c->operand = word;
	c->i++;
	return EVENT_OPERAND;
}

int opt_parse_bool(const char *value, bool *ret, struct err *err)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++) {
		if (streq(value, yes[i]) || streq(value, no[i])) {
			*ret = streq(value, yes[i]);
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "value: expected true or false");
}

static int store_choice(const struct opt *o, const char *value, const char **ret, struct err *err)
{
	struct str rest = str_of(o->choices), word;

	for (word = str_cut(&rest, '|'); word.ptr; word = str_cut(&rest, '|'))
		if (str_eq(word, value)) {
			*ret = value;
			return 0;
		}
	return err_set(err, ERR_INVALID, "value: expected one of %s", o->choices);
}

static int store_csv(struct strv *list, const char *value, struct err *err)
{
	struct str rest = str_of(value), part;
	int r = 0;

	for (part = str_cut(&rest, ','); r >= 0 && part.ptr; part = str_cut(&rest, ','))
		r = strv_addn(list, part, err);
	return r;
}

static int store_flag(const struct opt *o, void *to, const char *value, struct err *err)
{
	bool on = true;
	int r = value ? opt_parse_bool(value, &on, err) : 0;

	if (r < 0)
		return r;
	if (o->kind == OPT_FLAG)
		*(bool *)to = on;
	else
		*(int *)to = on;
	return 0;
}

static int store(const struct opt *o, void *args, const char *value, struct err *err)
{
	void *to = (char *)args + o->at;

	switch (o->kind) {
	case OPT_FLAG:
	case OPT_TRISTATE:
		return store_flag(o, to, value, err);
	case OPT_STRING:
		*(const char **)to = value;
		return 0;
	case OPT_STRINGS:
		return strv_add(to, value, err);
	case OPT_CSV:
		return store_csv(to, value, err);
	case OPT_INT:
		return parse_i64(value, "value", INT64_MIN, INT64_MAX, to, err);
	case OPT_UINT:
		return parse_u64(value, "value", 0, UINT64_MAX, to, err);
	case OPT_SIZE:
		return parse_size(value, "value", to, err);
	case OPT_DURATION:
		return time_parse_duration(value, "value", to, err);
	case OPT_CHOICE:
		return store_choice(o, value, to, err);
	case OPT_CUSTOM:
		return o->parse(args, value ? value : "true", err);
	default:
		return 0;
	}
}

static int store_event(const struct cursor *c, struct err *err)
{
	void *args = (char *)c->scan->args + c->group->at;
	const struct opt *o = c->opt;
	struct err e = ERR_INIT;
	const char *why;
	int r;

	r = store(o, args, c->value, &e);
	if (r >= 0)
		return 0;
	why = str_after(e.text, "value: ");
	if (o->letter)
		(void)err_set(err, e.code, "invalid argument \"%s\" for \"-%c, --%s\" flag: %s",
			      c->value ? c->value : "", o->letter, o->name, why ? why : e.text);
	else
		(void)err_set(err, e.code, "invalid argument \"%s\" for \"--%s\" flag: %s",
			      c->value ? c->value : "", o->name, why ? why : e.text);
	return with_hint(c->scan, err);
}

static int check_required(const struct opt_scan *scan, int argc, char *const *argv, struct err *err)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = scan->groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			if ((o->flags & OPT_REQUIRED) && !opt_given(scan, argc, argv, o->name)) {
				(void)err_set(err, ERR_INVALID, "required flag \"%s\" not set",
					      o->name);
				return with_hint(scan, err);
			}
	return 0;
}

int opt_parse(const struct opt_scan *scan, int argc, char *const *argv, struct strv *rest,
	      int *ret_used, struct err *err)
{
	struct cursor c = {.scan = scan, .argv = argv, .argc = argc};
	int r;

	for (;;) {
		r = next_event(&c, err);
		if (r < 0)
			return r;
		if (r == EVENT_HELP)
			return OPT_WANTS_HELP;
		if (r == EVENT_END)
			break;
		r = r == EVENT_OPTION ? store_event(&c, err) : strv_add(rest, c.operand, err);
		if (r < 0)
			return r;
	}
	r = check_required(scan, argc, argv, err);
	if (r < 0)
		return r;
	if (ret_used)
		*ret_used = c.i;
	return OPT_DONE;
}

bool opt_given(const struct opt_scan *scan, int argc, char *const *argv, const char *name)
{
	struct cursor c = {.scan = scan, .argv = argv, .argc = argc};
	struct err ignored = ERR_INIT;
	int r;

	for (;;) {
		r = next_event(&c, &ignored);
		if (r < 0 || r == EVENT_END || r == EVENT_HELP)
			return false;
		if (r == EVENT_OPTION && streq(c.opt->name, name))
			return true;
	}
}

void opt_release(const struct opt_group *groups, void *args)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			if (o->kind == OPT_STRINGS || o->kind == OPT_CSV)
				strv_fini((struct strv *)((char *)args + g->at + o->at));
}
