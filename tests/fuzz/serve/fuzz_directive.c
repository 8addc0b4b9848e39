// Any query: up to three lines of values, then a playlist. What is answered at once holds what was asked for.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/directive.h"
#include "serve/past.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Ends the first line of `*at` and moves behind it; NULL when it is "?": absent.
static const char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = 0;
    *at = end + 1;
    return strcmp(line, "?") == 0 ? NULL : line;
}

static void check_answer(const struct vt_edge *edge, const struct vt_directives *asked)
{
    if (!vt_directives_block(edge, asked))
        return;
    int64_t newest = edge->open_parts > 0 ? edge->last_msn + 1 : edge->last_msn;
    assert(!asked->flaw && asked->msn <= newest);
    if (asked->part < 0)
        assert(asked->msn <= edge->last_msn);
    else if (asked->msn > edge->last_msn)
        assert(asked->part < edge->open_parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *at = text;
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    const char *msn = take_line(&at), *part = take_line(&at), *skip = take_line(&at), *why = NULL;
    struct vt_directives asked;
    struct vt_edge edge;
    vt_directives_read(msn, part, skip, &asked);
    vt_edge_read(at, (size_t)(text + size - at), &edge);
    assert(edge.target_ns >= 0 && edge.target_ns <= VT_TARGET_NS_MAX && edge.open_parts >= 0 && edge.last_parts >= 0);
    enum vt_verdict verdict = vt_directives_decide(&edge, &asked, &why);
    if (verdict == VT_ANSWER_NOW)
        check_answer(&edge, &asked);
    assert(verdict != VT_ANSWER_NEVER || why);
    assert(verdict != VT_ANSWER_LATER || asked.msn <= edge.last_msn + VT_AHEAD_SEGMENTS);
    char rendition[VT_NAME_ROOM];
    int64_t name_msn, name_part;
    if (msn && vt_media_name(msn, rendition, &name_msn, &name_part))
        (void)vt_media_decide(&edge, name_msn, name_part);
    (void)vt_accepts_gzip(msn);
    struct vt_past_lines past;
    if (vt_past_read(at, strcspn(at, "\n"), &past) == 0) {
        assert(past.offset >= 0 && past.size >= 0 && past.size <= VT_PLAYLIST_MAX && past.segments >= 0);
        assert(past.name[0] && past.name[0] != '.' && !strchr(past.name, '/'));
    }
    free(text);
    return 0;
}
