#include "check.h"

#include <errno.h>

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
    vt_tally_refusal(&tally, VT_REFUSAL_ADDRESS);
    REQUIRE_INT(count(&tally, "refused", "address"), 1);
    REQUIRE_INT(count(&tally, "refused", "busy"), 0);
}

static int add(struct vt_tally *tally, const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    int error = vt_tally_add(tally, VT_TALLY_SRT, body);
    json_decref(body);
    return error;
}

TEST(adds_what_gates_have_counted)
{
    struct vt_tally tally = {0};
    vt_tally_refusal(&tally, VT_REFUSAL_KEY);
    REQUIRE_INT(add(&tally, "{\"closed\": 3, \"refused\": {\"key\": 2, \"streamid\": 1}}"), 0);
    REQUIRE_INT(add(&tally, "{\"closed\": 1000000, \"refused\": {}}"), 0);
    REQUIRE_INT(count(&tally, "refused", "key"), 3);
    REQUIRE_INT(count(&tally, "refused", "streamid"), 1);
    REQUIRE_INT(count(&tally, "closed", "srt"), 1000003);
    REQUIRE_INT(count(&tally, "closed", "rtmp"), 0);
    static const char *const lies[] = {
        "{}", "{\"closed\": -1}", "{\"closed\": 1000001}", "{\"closed\": \"1\"}",
        "{\"closed\": 1, \"refused\": {\"nonsense\": 1}}", "{\"closed\": 1, \"refused\": {\"key\": -1}}",
        "{\"closed\": 1, \"refused\": {\"key\": 1000001}}", "{\"closed\": 1, \"refused\": {\"key\": null}}",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        REQUIRE_INT(add(&tally, lies[i]), -EBADMSG);
    REQUIRE_INT(count(&tally, "closed", "srt"), 1000003);
    REQUIRE_INT(count(&tally, "refused", "key"), 3);
}

int main(void)
{
    RUN(counts_ends_by_reason);
    RUN(counts_refusals_by_reason);
    RUN(adds_what_gates_have_counted);
    return DONE();
}
