/* document.h - what manifests and indexes have in common; private to pkg/spec. */
#ifndef PKG_SPEC_DOCUMENT_H
#define PKG_SPEC_DOCUMENT_H

#include "json/table.h"
#include "spec/image.h"

extern const struct json_table descriptor_table;

/* Parses text and finds its kind. ERR_LIMIT beyond MANIFEST_SIZE_MAX. */
int document_parse(const char *text, size_t len, const char *content_type, struct json_doc **ret,
		   enum manifest_kind *ret_kind, struct err *err);
/* Digest and size of a descriptor; `what` as in "image manifest: layer 2". */
int descriptor_check(const char *digest, int64_t size, const char *what, struct err *err);

#endif
