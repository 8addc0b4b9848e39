#include "check.h"

#include "serve/tally.h"

static int64_t count(const struct vt_tally *tally, const char *kind, const char *reason)
{
    json_t *json = vt_tally_json(tally);
    int64_t value = json_integer_value(json_object_get(json_object_get(json, kind), reason));
    json_decref(json);
    return value;
}

TEST(counts_ends_by_reason)
{
    struct vt_tally tally = {0};
    vt_tally_end(&tally, "lost");
    vt_tally_end(&tally, "lost");
    vt_tally_end(&tally, "idle");
    vt_tally_end(&tally, NULL);
    vt_tally_end(&tally, "a reason that nobody knows");
    REQUIRE_INT(count(&tally, "ended", "lost"), 2);
    REQUIRE_INT(count(&tally, "ended", "idle"), 1);
    REQUIRE_INT(count(&tally, "ended", "crashed"), 2);
    REQUIRE_INT(count(&tally, "ended", "unpublished"), 0);
}

TEST(counts_refusals_by_reason)
{
    struct vt_tally tally = {0};
    vt_tally_refusal(&tally, VT_REFUSAL_KEY);
    vt_tally_refusal(&tally, VT_REFUSAL_SHUTDOWN);
    REQUIRE_INT(count(&tally, "refused", "key"), 1);
    REQUIRE_INT(count(&tally, "refused", "shutdown"), 1);
    REQUIRE_INT(count(&tally, "refused", "busy"), 0);
}

int main(void)
{
    RUN(counts_ends_by_reason);
    RUN(counts_refusals_by_reason);
    return DONE();
}
