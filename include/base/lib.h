/*
 * lib.h - outside libraries that are loaded on first use, so that commands that do not need them
 * do not pay for them (docs/decisions/0003-libraries-on-first-use.md).
 *
 * Each library has one owner module. The owner declares a struct of function pointers, a table of
 * their names, and LIB_NOTE so that packagers' tools see the dependency in the ELF file:
 *
 *	static struct {
 *		__typeof__(seccomp_init) *init;
 *	} sc;
 *	static const struct lib_sym syms[] = {{"seccomp_init", &sc.init}, {0}};
 *	LIB_NOTE("seccomp", "system call filters", "required", "libseccomp.so.2");
 *	...
 *	r = lib_load("libseccomp.so.2", syms, err);
 */
#ifndef BASE_LIB_H
#define BASE_LIB_H

struct err;

struct lib_sym {
	const char *name;
	void *slot; /* address of a function pointer */
};

/* Loads soname once per process and fills the slots (a repeated call costs nothing: the first slot
 * is set last). ERR_NOT_FOUND names the library and the missing symbol or the linker's reason. */
int lib_load(const char *soname, const struct lib_sym *syms, struct err *err);

/* ELF note as of the "ELF dlopen metadata" convention of systemd (uapi-group.org): owner FDO. */
#define LIB_NOTE(feature, description, priority, soname)                                           \
	LIB_NOTE_(__LINE__, "[{\"feature\":\"" feature "\",\"description\":\"" description         \
			    "\",\"priority\":\"" priority "\",\"soname\":[\"" soname "\"]}]")
#define LIB_NOTE_(line, json) LIB_NOTE__(line, json)
#define LIB_NOTE__(line, json)                                                                     \
	__attribute__((used, section(".note.dlopen"))) static const struct {                       \
		unsigned namesz, descsz, type;                                                     \
		char name[4];                                                                      \
		char desc[sizeof(json)] __attribute__((aligned(4)));                               \
	} lib_note_##line = {4, sizeof(json), 0x407c0c0a, "FDO", json}

#endif
