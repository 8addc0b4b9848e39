#include "serve/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char out_of_memory[] =
    "{\"status\":503,\"title\":\"Out of memory\",\"detail\":\"The server has no memory left. Try again later.\"}\n";

void vt_answer_init(struct vt_answer *answer, int status)
{
    memset(answer, 0, sizeof *answer);
    answer->status = status;
    answer->fd = -1;
}

void vt_answer_free(struct vt_answer *answer)
{
    free(answer->data);
    if (answer->fd >= 0)
        close(answer->fd);
    vt_answer_init(answer, 0);
}

void vt_answer_header(struct vt_answer *answer, const char *name, const char *format, ...)
{
    if (answer->n_headers == VT_ANSWER_HEADERS)
        return;
    struct vt_header *header = &answer->headers[answer->n_headers];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(header->value, sizeof header->value, format, args);
    va_end(args);
    if (length < 0 || length >= (int)sizeof header->value || strpbrk(header->value, "\r\n"))
        return;
    header->name = name;
    answer->n_headers++;
}

const char *vt_answer_header_value(const struct vt_answer *answer, const char *name)
{
    for (int i = 0; i < answer->n_headers; i++)
        if (strcmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    return NULL;
}

// Sets the body to `text` (owned) and a line end; without memory the answer says so.
static void set_text(struct vt_answer *answer, int status, const char *type, char *text)
{
    vt_answer_free(answer);
    answer->status = text ? status : 503;
    answer->type = text ? type : "application/problem+json";
    answer->data = text ? text : strdup(out_of_memory);
    answer->size = answer->data ? strlen(answer->data) : 0;
    if (!answer->data)
        answer->type = NULL;
}

static char *dump_line(json_t *body)
{
    size_t size = json_dumpb(body, NULL, 0, JSON_COMPACT);
    char *text = size ? malloc(size + 2) : NULL;
    if (text) {
        json_dumpb(body, text, size, JSON_COMPACT);
        memcpy(text + size, "\n", 2);
    }
    json_decref(body);
    return text;
}

void vt_answer_json(struct vt_answer *answer, int status, json_t *body)
{
    set_text(answer, status, "application/json", dump_line(body));
}

void vt_answer_problem(struct vt_answer *answer, int status, const char *title, const char *format, ...)
{
    char detail[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    // A detail that quotes a stranger's bytes, or was cut in the middle of a character, may not be UTF-8.
    json_t *text = json_string(detail);
    json_t *body = json_pack("{s:s, s:i, s:o}", "title", title, "status", status,
                             "detail", text ? text : json_string("The request holds text that is not UTF-8."));
    set_text(answer, status, "application/problem+json", dump_line(body));
}

void vt_answer_store_failure(struct vt_answer *answer, int error)
{
    switch (error) {
    case -ENOSPC:
        vt_answer_problem(answer, 507, "The disk is full",
                          "Nothing was changed. Make room under the data directory, then ask again.");
        break;
    case -EROFS:
        vt_answer_problem(answer, 503, "The state store cannot be written",
                          "Nothing was changed. Make state.db in the data directory writable, then ask again.");
        break;
    default:
        vt_answer_problem(answer, 503, "The state store failed",
                          "Nothing was changed (%s). The server's log says more.", strerror(-error));
        vt_answer_header(answer, "Retry-After", "1");
    }
}
