/* verbs.h - every verb of the program; the table is in verbs.c. */
#ifndef CMD_VERBS_H
#define CMD_VERBS_H

#include "verb.h"

extern const struct program kist_program;

extern const struct verb verb_attach, verb_check, verb_cleanup, verb_commit, verb_complete,
    verb_container_diff, verb_container_exists, verb_container_inspect, verb_container_prune,
    verb_create, verb_df, verb_diff, verb_exec, verb_export, verb_history, verb_image_diff,
    verb_image_exists, verb_image_inspect, verb_image_mount, verb_image_prune, verb_image_tree,
    verb_image_unmount, verb_images, verb_import, verb_info, verb_inspect, verb_kill, verb_load,
    verb_login, verb_logout, verb_logs, verb_mount, verb_ps, verb_pull, verb_push, verb_reset,
    verb_rm, verb_rmi, verb_run, verb_save, verb_start, verb_stop, verb_system_prune, verb_tag,
    verb_unmount, verb_untag, verb_version, verb_wait;

#endif
