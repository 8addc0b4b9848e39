// What stands between braces: `{{ path | filter: argument }}` in texts, and conditions in `when`.
//
//     text        any text with any number of {{ value }} in it
//     value       operand ( "|" filter ( ":" argument ( "," argument )* )? )*        argument: name=operand or operand
//     condition   comparisons joined by `and`, `or`, `not` and parentheses
//     operand     a.path.of.names, 'text', "text", 12, 1.5, true, false, null
//
// Total: no loops, no calls; an absent value is null, written as nothing. Everything that can be wrong is found when a
// template is loaded. Pure.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/yaml.h"

#define VT_EXPRESSION_BYTES 1024         // between two braces, or of a condition
#define VT_EXPRESSION_DEPTH 16           // parentheses and `not`s in one another
#define VT_FILTERS_MAX      8            // of one value
#define VT_ARGUMENTS_MAX    4            // of one filter

// What names stand for. Everything is borrowed.
struct vt_scope {
    const json_t *data;                  // what paths start from; NULL: everything is absent
    const json_t *item;                  // what `item` means in a ticker; NULL: nothing
    const char *language;                // of money and of `t`; NULL: en
    const struct vt_yaml *strings;       // language -> key -> text, or text by plural category; NULL: none
};

// What is wrong with a text or a condition: 0 and nothing, or -EINVAL and a reason in `why`, and where it starts (bytes
// from the beginning) in *ret_at. Keys that `t` names must be in `strings`.
int vt_expression_check_text(const char *text, const struct vt_yaml *strings, char *why, size_t room, size_t *ret_at);
int vt_expression_check_condition(const char *text, char *why, size_t room, size_t *ret_at);

// Whether anything in `text` is bound.
bool vt_expression_binds(const char *text);

// Writes the text with its values. `isolate` wraps each value in FSI and PDI, so that its direction stays its own, and
// drops the direction marks and control characters that it brought along.
void vt_expression_text(const char *text, const struct vt_scope *scope, bool isolate, struct vt_writer *to);

bool vt_expression_condition(const char *text, const struct vt_scope *scope);

// The value of a text that is one {{ value }} and nothing else: a new reference, or NULL when absent.
json_t *vt_expression_value(const char *text, const struct vt_scope *scope);
