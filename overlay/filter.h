// The filters of expressions. Pure.
#pragma once

#include "base/names.h"
#include "overlay/expression.h"

struct vt_argument {
    char name[VT_NAME_ROOM];             // empty: by position
    json_t *value;                       // NULL: absent
};

enum vt_filter_kind {
    VT_FILTER_MONEY, VT_FILTER_UPCASE, VT_FILTER_DEFAULT, VT_FILTER_TRUNCATE, VT_FILTER_DATE, VT_FILTER_T,
    VT_FILTER_DISCOUNT, VT_FILTER_NUMBER, VT_FILTER_COUNT,
};

extern const char *const vt_filter_names[VT_FILTER_COUNT + 1];       // by kind, then NULL
extern const char *const vt_filter_later[];                          // of format 1, but not here yet

// A new reference, or NULL. `input` is borrowed.
json_t *vt_filter_apply(enum vt_filter_kind kind, json_t *input, const struct vt_argument *arguments, int count,
                        const struct vt_scope *scope);

// A value as text, written to `to`; objects and lists are nothing, money is money.
void vt_filter_write(const json_t *value, const struct vt_scope *scope, struct vt_writer *to);

// The text for `key` in `language`, then in its first subtag, in English, in any; NULL when there is none at all.
const struct vt_yaml *vt_strings_find(const struct vt_yaml *strings, const char *language, const char *key);
