// What a request is answered with before it becomes HTTP, and RFC 9457 problem documents. Pure.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_ANSWER_HEADERS 12
#define VT_ANSWER_HEADER  256

struct vt_reply;

struct vt_answer {
    struct vt_reply *reply;      // sent instead of all below when not NULL; see serve/http.h
    int status;
    const char *type;            // content type; static; NULL: no body
    char *data;                  // owned, or NULL
    size_t size;
    int fd;                      // owned; the body instead of `data` when not -1, from `offset`, `size` bytes
    int64_t offset;
    struct vt_header {
        const char *name;        // static
        char value[VT_ANSWER_HEADER];
    } headers[VT_ANSWER_HEADERS];
    int n_headers;
};

// An answer without a body.
void vt_answer_init(struct vt_answer *answer, int status);
void vt_answer_free(struct vt_answer *answer);

// Adds a header; a value that does not fit, or holds a line break, is left out, and so is a header too many.
void vt_answer_header(struct vt_answer *answer, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *vt_answer_header_value(const struct vt_answer *answer, const char *name);

// Replaces the whole answer by `body` (stolen) as JSON; by a problem without memory.
void vt_answer_json(struct vt_answer *answer, int status, json_t *body);

// Replaces the whole answer by a problem document. `title` says what is wrong, the detail where and what to do.
void vt_answer_problem(struct vt_answer *answer, int status, const char *title, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// The problem that a negative errno of the state store is.
void vt_answer_store_failure(struct vt_answer *answer, int error);
