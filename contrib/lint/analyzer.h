/*
 * analyzer.h - included before everything by contrib/lint/tidy.sh: tells clang's analyzer, which
 * does not look into other files, that the functions of base/err.h return a negative number.
 */
#include "base/err.h"

#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_sys(...) (err_sys(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#define err_nomem(...) (err_nomem(__VA_ARGS__), -1)
