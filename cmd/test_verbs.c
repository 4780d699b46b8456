/* The program's own verbs. */
#include "not_yet.h"
#include "verbs.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool has_flag(const struct verb *v, struct str name, char letter)
{
	struct opt_group groups[VERB_GROUPS_MAX + 2];
	const struct opt_group *g;
	const struct opt *o;

	verb_opt_groups(v, groups);
	for (g = groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			if (str_eq(name, o->name) || (letter && o->letter == letter))
				return true;
	return false;
}

static void flags_that_are_built_are_not_on_the_list_of_those_that_are_not(void **state)
{
	const struct verb *const *v;
	size_t n = 0;

	(void)state;
	for (v = kist_program.verbs; *v; v++) {
		const char *flags = not_yet_of((*v)->path);
		struct str rest = str_of(flags ? flags : ""), word;

		while ((word = str_cut(&rest, ' ')).ptr) {
			struct str name = str_cut(&word, ':');
			char letter = word.ptr ? *word.ptr : '\0';

			if (has_flag(*v, name, letter))
				fail_msg("%s has --%.*s", (*v)->path, (int)name.len, name.ptr);
			n++;
		}
	}
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(flags_that_are_built_are_not_on_the_list_of_those_that_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
