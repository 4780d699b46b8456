#include "config/env.h"
#include "base/str.h"

#include <stdio.h>

void config_env_init(struct config_env *env, unsigned uid, const char *const *vars,
		     const char *fallback_home)
{
	const char *home;

	*env = (struct config_env){
	    .uid = uid, .rootless = uid != 0, .home = "", .vars = vars, .prefix = ""};
	home = config_env_get(env, "HOME");
	if (!home || home[0] != '/')
		home = fallback_home;
	if (home && home[0] == '/')
		env->home = home;
}

const char *config_env_get(const struct config_env *env, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; env->vars && env->vars[i]; i++)
		if (strncmp(env->vars[i], name, len) == 0 && env->vars[i][len] == '=')
			return env->vars[i][len + 1] ? env->vars[i] + len + 1 : NULL;
	return NULL;
}

char *config_home_path(const struct config_env *env, const char *below)
{
	/* Without a home there is no such file; never one relative to the working directory. */
	return *env->home ? str_fmt("%s/%s", env->home, below) : str_fmt("%s", "");
}

char *config_user_path(const struct config_env *env, const char *below)
{
	const char *dir = config_env_get(env, "XDG_CONFIG_HOME");
	char in_home[256];

	if (dir && dir[0] == '/')
		return str_fmt("%s/%s", dir, below);
	(void)snprintf(in_home, sizeof(in_home), ".config/%s", below);
	return config_home_path(env, in_home);
}

char *config_system_path(const struct config_env *env, const char *path)
{
	return str_fmt("%s%s", env->prefix, path);
}
