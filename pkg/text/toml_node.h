/* toml_node.h - the tree that toml.c builds and toml_get.c answers from, and the reader's cursor.
 */
#ifndef PKG_TEXT_TOML_NODE_H
#define PKG_TEXT_TOML_NODE_H

#include "text/toml.h"

/* How a table or array came to be, which decides what may still be added to it. */
enum toml_origin {
	TOML_IMPLICIT, /* named on the way to a [header]; may get a header of its own */
	TOML_HEADER,   /* [header], or one [[header]] */
	TOML_DOTTED,   /* by a dotted key; further dotted keys may add to it */
	TOML_HEADERS,  /* array made by [[header]] */
	TOML_IN_VALUE, /* inline table or ordinary array: closed with its bracket */
};

struct toml_value {
	enum toml_kind kind;
	enum toml_origin origin;
	bool used;
	unsigned line, depth;
	uint32_t hash; /* of key */
	char *key;     /* NULL for elements of arrays and the root */
	struct toml *doc;
	struct toml_value *parent;
	union {
		char *s;
		int64_t i;
		double f;
		bool b;
		struct {
			struct toml_value **v;
			size_t n, cap;
		} list;
	};
};

struct toml {
	char *name;
	struct toml_value *root;
	size_t n_nodes;
};

/* The reader's place in the text. */
struct toml_in {
	struct toml *doc;
	struct toml_value *at; /* the value being read, for errors; may be NULL */
	const char *p, *end;
	unsigned line;
};

/* A child of parent, appended to it; key is copied, NULL in arrays. The kind is TOML_BOOL until the
 * value is set. */
int toml_node_new(struct toml_value *parent, const char *key, unsigned line,
		  struct toml_value **ret, struct err *err);
int toml_node_root(struct toml *doc, struct err *err);
void toml_node_free(struct toml_value *v);
struct toml_value *toml_node_child(const struct toml_value *table, const char *key, size_t len);

/* "FILE:LINE: KEY: <text>" at the cursor; ERR_INVALID. */
int toml_syntax(const struct toml_in *in, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with a node's key and a line of one's own (0: the node's). */
int toml_error_at(const struct toml_value *v, unsigned line, struct err *err, const char *text);
/* "FILE:LINE: a.b.c", at most max - 1 bytes of it. */
void toml_node_place(const struct toml_value *v, unsigned line, char *out, size_t max);

/* The character at the cursor, or -1 at the end; and one further on. */
static inline int toml_peek(const struct toml_in *in)
{
	return in->p < in->end ? (unsigned char)*in->p : -1;
}

static inline int toml_peek_at(const struct toml_in *in, size_t n)
{
	return (size_t)(in->end - in->p) > n ? (unsigned char)in->p[n] : -1;
}

/* At an opening quote: any of the four forms; without multi only the two of one line. */
int toml_read_string(struct toml_in *in, bool multi, char **ret, struct err *err);
/* A number, truth value, date or time. */
int toml_read_word(struct toml_in *in, struct toml_value *v, struct err *err);
/* Control characters that may stand nowhere in the file. */
bool toml_is_control(int c);

#endif
