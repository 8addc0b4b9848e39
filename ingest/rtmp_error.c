#include "ingest/rtmp_error.h"

#include <stddef.h>

static const struct {
    const char *name, *text;
} errors[] = {
#define X(id, name, text) {name, text},
    VT_RTMP_ERRORS(X)
#undef X
};

const char *vt_rtmp_error_name(enum vt_rtmp_error error)
{
    return (size_t)error < VT_RTMP_ERROR_COUNT ? errors[error].name : "unknown";
}

const char *vt_rtmp_error_text(enum vt_rtmp_error error)
{
    return (size_t)error < VT_RTMP_ERROR_COUNT ? errors[error].text : "unknown error";
}
