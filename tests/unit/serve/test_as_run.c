#include "serve/as_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"

static char data[64], path[128];

static int note(struct vt_as_run *log, const char *show, const char *cue)
{
    json_t *json = json_loads(cue, 0, NULL);
    REQUIRE(json != NULL);
    int error = vt_as_run_note(log, "mango", show, json);
    json_decref(json);
    return error;
}

TEST(lines_are_added)
{
    struct vt_as_run *log = NULL;
    char *text = NULL;
    size_t size;
    for (int round = 0; round < 2; round++) {            // also after it was opened anew
        REQUIRE_INT(vt_as_run_new(&log, data), 0);
        REQUIRE_INT(note(log, "20260301T190000Z", "{\"id\":\"c1\",\"rev\":1,\"pts\":90000,\"state\":\"live\"}"), 0);
        REQUIRE_INT(note(log, "20260301T190000Z", "{\"id\":\"c1\",\"rev\":1,\"state\":\"scheduled\"}"), 0);
        vt_as_run_free(&log);
    }
    REQUIRE_INT(vt_read_file(path, 4096, &text, &size), 0);
    REQUIRE_TEXT(text, "{\"id\":\"c1\",\"rev\":1,\"pts\":90000,\"state\":\"live\"}\n"
                       "{\"id\":\"c1\",\"rev\":1,\"pts\":90000,\"state\":\"live\"}\n");
    free(text);
}

TEST(a_file_has_a_limit)
{
    static const char cue[] = "{\"id\":\"c1\",\"pts\":1}";
    struct vt_as_run *log = NULL;
    struct stat st;
    REQUIRE_INT(vt_as_run_new(&log, data), 0);
    REQUIRE_INT(truncate(path, VT_AS_RUN_BYTES - (off_t)sizeof cue), 0);         // with its line feed
    REQUIRE_INT(note(log, "20260301T190000Z", cue), 0);
    REQUIRE(stat(path, &st) == 0 && st.st_size == VT_AS_RUN_BYTES);
    REQUIRE_INT(note(log, "20260301T190000Z", cue), -EFBIG);
    REQUIRE(stat(path, &st) == 0 && st.st_size == VT_AS_RUN_BYTES);
    REQUIRE_INT(note(log, "20260301T200000Z", cue), 0);                          // another show's
    REQUIRE_INT(note(log, "../x", cue), -EINVAL);
    vt_as_run_free(&log);
}

int main(void)
{
    char command[128];
    snprintf(data, sizeof data, "/tmp/vitrine-as-run-XXXXXX");
    if (!mkdtemp(data))
        return 1;
    snprintf(path, sizeof path, "%s/as-run/mango/20260301T190000Z.jsonl", data);
    RUN(lines_are_added);
    RUN(a_file_has_a_limit);
    snprintf(command, sizeof command, "rm -r %s", data);
    return system(command) != 0 || DONE();
}
