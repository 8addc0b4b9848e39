// Templates that are kept with their files, at their limits and one past them.
#include "studio/bundle.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char root[64], why[VT_BUNDLE_WHY];
static int64_t rev;

// Puts a template of this id; `assets` is taken.
static int put(const char *id, json_t *assets)
{
    struct vt_diagnostics said = {.count = 0};
    char *text = NULL;
    REQUIRE(asprintf(&text, "id: %s\nversion: 1.0.0\nname: T\nlayout: {type: box}\n", id) > 0);
    json_t *body = json_pack("{s:s, s:o*}", "template", text, "assets", assets);
    why[0] = 0;
    int error = vt_bundle_put(root, &(struct vt_bundle_new){.id = id, .body = body}, &rev, why, &said);
    json_decref(body);
    free(text);
    return error;
}

static json_t *files(int count, size_t bytes)
{
    json_t *assets = json_object();
    char name[32];
    guchar *data = g_malloc0(bytes);
    for (int i = 0; i < count; i++) {
        size_t size = i < count - 1 ? bytes / (size_t)count : bytes - (size_t)(count - 1) * (bytes / (size_t)count);
        char *text = g_base64_encode(data, size);
        snprintf(name, sizeof name, "f%d.png", i);
        json_object_set_new(assets, name, json_string(text));
        g_free(text);
    }
    g_free(data);
    return assets;
}

TEST(files_beside_a_template)
{
    REQUIRE_INT(put("a", files(VT_BUNDLE_FILES, 64)), 0);
    REQUIRE_INT(put("a", files(VT_BUNDLE_FILES + 1, 64)), -EINVAL);
    REQUIRE(strstr(why, "at most 32 files (limit)"));
    REQUIRE_INT(put("a", files(2, VT_BUNDLE_BYTES)), 0);
    REQUIRE_INT(put("a", files(2, VT_BUNDLE_BYTES + 1)), -EINVAL);
    REQUIRE(strstr(why, "more than 4 MiB (limit)"));
    REQUIRE_INT(rev, 2);                         // what was refused left the one from before
}

TEST(ids)
{
    char id[VT_BUNDLE_ID + 2];
    memset(id, 'a', sizeof id);
    id[VT_BUNDLE_ID + 1] = 0;
    REQUIRE_INT(put(id, NULL), -EINVAL);
    REQUIRE(strstr(why, "1 to 96"));
    id[VT_BUNDLE_ID] = 0;
    REQUIRE_INT(put(id, NULL), 0);
    REQUIRE_INT(vt_bundle_remove(root, id), 0);
    REQUIRE_INT(vt_bundle_remove(root, id), -ENOENT);
}

TEST(templates_that_are_kept)
{
    struct vt_bundle list[VT_BUNDLES_MAX];
    char id[16];
    for (int i = vt_bundles_scan(root, list); i < VT_BUNDLES_MAX; i++) {
        snprintf(id, sizeof id, "t%d", i);
        REQUIRE_INT(put(id, NULL), 0);
    }
    REQUIRE_INT(vt_bundles_scan(root, list), VT_BUNDLES_MAX);
    REQUIRE_INT(put("one.more", NULL), -ENOSPC);
    REQUIRE_INT(put("t7", NULL), 0);             // a new form of one that is there
    REQUIRE_INT(rev, 2);
    REQUIRE_INT(vt_bundle_remove(root, "t7"), 0);
    REQUIRE_INT(put("one.more", NULL), 0);
}

int main(void)
{
    char command[80];
    snprintf(root, sizeof root, "/tmp/vitrine-bundle-XXXXXX");
    if (!mkdtemp(root))
        return 1;
    RUN(files_beside_a_template);
    RUN(ids);
    RUN(templates_that_are_kept);
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command) != 0 || DONE();
}
