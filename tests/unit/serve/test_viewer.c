#include <errno.h>

#include "base/mediatime.h"
#include "check.h"
#include "serve/viewer.h"

static struct vt_viewer_event event;
static char why[VT_JSON_WHY];

static int parse(const char *text)
{
    return vt_viewer_parse(text, strlen(text), &event, why);
}

TEST(a_report_is_read)
{
    REQUIRE_INT(parse("{\"event\":\"add_to_cart\",\"cue\":\"c42\",\"rev\":7,\"item\":\"SKU-123\",\"hotspot\":\"buy\","
                      "\"media_time\":12.5,\"more\":{\"is\":\"ignored\"}}"), 0);
    REQUIRE_TEXT(event.event, "add_to_cart");
    REQUIRE_TEXT(event.cue, "c42");
    REQUIRE_TEXT(event.item, "SKU-123");
    REQUIRE_TEXT(event.hotspot, "buy");
    REQUIRE_INT(event.rev, 7);
    REQUIRE_NEAR(event.media_time, 12.5, 0);
    REQUIRE_INT(parse("{\"event\":\"view_item\",\"item\":null,\"rev\":null}"), 0);
    REQUIRE_TEXT(event.item, "");
}

TEST(nonsense_is_refused)
{
    static const char *const bad[] = {
        "", "x", "[]", "{}", "\"add_to_cart\"", "{\"event\":7}", "{\"event\":\"\"}", "{\"event\":\"Add\"}",
        "{\"event\":\"a b\"}", "{\"event\":\"a\",\"rev\":\"7\"}", "{\"event\":\"a\",\"rev\":-1}",
        "{\"event\":\"a\",\"media_time\":-1}", "{\"event\":\"a\",\"cue\":\"../x\"}", "{\"event\":\"a\",\"item\":{}}",
        "{\"event\":\"a\",\"item\":\"line\\nbreak\"}", "{\"event\":\"a\",\"x\":[[[[[[[]]]]]]]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why[0] = 0;
        if (parse(bad[i]) != -EINVAL)
            check_fail(__FILE__, __LINE__, "%s passes", bad[i]);
        REQUIRE(why[0]);
    }
}

TEST(sizes_are_limited)
{
    static char text[VT_VIEWER_BYTES + 2];
    int start = snprintf(text, sizeof text, "{\"event\":\"a\",\"x\":\"");
    memset(text + start, 'a', sizeof text - start);
    memcpy(text + VT_VIEWER_BYTES - 2, "\"}", 3);
    REQUIRE_INT(parse(text), 0);
    memcpy(text + VT_VIEWER_BYTES - 2, "a\"}", 4);
    REQUIRE_INT(parse(text), -EINVAL);
    char item[VT_VIEWER_ITEM + 40], name[VT_VIEWER_NAME + 40];
    snprintf(item, sizeof item, "{\"event\":\"a\",\"item\":\"%064d\"}", 1);
    REQUIRE_INT(parse(item), 0);
    snprintf(item, sizeof item, "{\"event\":\"a\",\"item\":\"%065d\"}", 1);
    REQUIRE_INT(parse(item), -EINVAL);
    snprintf(name, sizeof name, "{\"event\":\"a%039d\"}", 1);
    REQUIRE_INT(parse(name), 0);
    snprintf(name, sizeof name, "{\"event\":\"a%040d\"}", 1);
    REQUIRE_INT(parse(name), -EINVAL);
    REQUIRE_INT(parse("{\"event\":\"a\",\"x\":[[[[[]]]]]}"), 0);               // VT_VIEWER_DEPTH
    REQUIRE_INT(parse("{\"event\":\"a\",\"x\":[[[[[[]]]]]]}"), -EINVAL);
}

static int64_t count_of(const struct vt_viewer_counts *counts, const char *item, const char *name)
{
    json_t *table = item ? json_object_get(counts->by_item, item) : counts->by_event;
    return json_integer_value(json_object_get(table, name));
}

TEST(reports_are_counted)
{
    struct vt_viewer_counts counts;
    REQUIRE_INT(vt_viewer_counts_init(&counts), 0);
    parse("{\"event\":\"add_to_cart\",\"item\":\"A\"}");
    vt_viewer_count(&counts, &event);
    vt_viewer_count(&counts, &event);
    parse("{\"event\":\"view_item\"}");
    vt_viewer_count(&counts, &event);
    parse("{\"event\":\"add_to_cart\",\"output\":\"upright\"}");
    vt_viewer_count(&counts, &event);
    REQUIRE_INT(json_integer_value(json_object_get(json_object_get(counts.by_output, "upright"), "add_to_cart")), 1);
    REQUIRE_INT(parse("{\"event\":\"add_to_cart\",\"output\":\"../x\"}"), -EINVAL);
    REQUIRE_INT(counts.total, 4);
    REQUIRE_INT(count_of(&counts, NULL, "add_to_cart"), 3);
    REQUIRE_INT(count_of(&counts, "A", "add_to_cart"), 2);
    REQUIRE_INT(count_of(&counts, NULL, "view_item"), 1);
    vt_viewer_counts_free(&counts);
}

TEST(a_flood_of_names_is_one_row)
{
    struct vt_viewer_counts counts;
    REQUIRE_INT(vt_viewer_counts_init(&counts), 0);
    for (int i = 0; i < 3 * VT_VIEWER_ITEMS; i++) {
        snprintf(event.event, sizeof event.event, "e%d", i);
        snprintf(event.item, sizeof event.item, "i%d", i);
        snprintf(event.output, sizeof event.output, "o%d", i);
        vt_viewer_count(&counts, &event);
    }
    REQUIRE_INT(json_object_size(counts.by_event), VT_VIEWER_EVENTS + 1);
    REQUIRE_INT(count_of(&counts, NULL, "other"), 3 * VT_VIEWER_ITEMS - VT_VIEWER_EVENTS);
    REQUIRE_INT(json_object_size(counts.by_item), VT_VIEWER_ITEMS + 1);
    REQUIRE_INT(json_object_size(counts.by_output), VT_VIEWER_OUTPUTS + 1);
    REQUIRE_INT(counts.total, 3 * VT_VIEWER_ITEMS);
    vt_viewer_counts_free(&counts);
}

TEST(the_rate_is_limited)
{
    struct vt_viewer_counts counts;
    REQUIRE_INT(vt_viewer_counts_init(&counts), 0);
    int64_t now = 1;
    for (int i = 0; i < VT_VIEWER_RATE; i++)
        REQUIRE(vt_viewer_allowed(&counts, now));
    REQUIRE(!vt_viewer_allowed(&counts, now));
    REQUIRE_INT(counts.refused, 1);
    REQUIRE(!vt_viewer_allowed(&counts, now + VT_NS_PER_S - 1));
    REQUIRE(vt_viewer_allowed(&counts, now + VT_NS_PER_S));
    vt_viewer_counts_free(&counts);
}

int main(void)
{
    RUN(a_report_is_read);
    RUN(nonsense_is_refused);
    RUN(sizes_are_limited);
    RUN(reports_are_counted);
    RUN(a_flood_of_names_is_one_row);
    RUN(the_rate_is_limited);
    return DONE();
}
