#include "check.h"

#include "base/message.h"
#include "serve/history.h"

#define AT(seconds) ((1700000000 + (int64_t)(seconds)) * VT_NS_PER_S)

static struct vt_history history;

static void begin(void)
{
    history = (struct vt_history){0};
}

static void refuse(int64_t now_ns, const char *reason)
{
    vt_history_add(&history, now_ns, VT_HISTORY_REFUSED, NULL, reason, "192.0.2.1 over rtmp: no");
}

TEST(tells_what_happened_oldest_first)
{
    begin();
    vt_history_add(&history, AT(0) + 12 * VT_NS_PER_MS, VT_HISTORY_PUBLISHER, "p1", NULL, "It comes from %s.", "192.0.2.1");
    vt_history_add(&history, AT(5), VT_HISTORY_CLOSED, "p1", "lost", "The connection broke.");
    REQUIRE(history.changed);
    json_t *list = vt_history_json(&history);
    REQUIRE_INT(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    REQUIRE_TEXT(vt_message_text(first, "t"), "2023-11-14T22:13:20.012Z");
    REQUIRE_TEXT(vt_message_text(first, "what"), "publisher");
    REQUIRE_TEXT(vt_message_text(first, "publisher"), "p1");
    REQUIRE_TEXT(vt_message_text(first, "text"), "It comes from 192.0.2.1.");
    REQUIRE_INT(json_object_size(first), 4);
    REQUIRE_TEXT(vt_message_text(second, "what"), "closed");
    REQUIRE_TEXT(vt_message_text(second, "reason"), "lost");
    json_decref(list);
}

TEST(the_oldest_makes_room)
{
    begin();
    for (int i = 0; i < VT_HISTORY_MAX; i++)
        vt_history_add(&history, AT(i), VT_HISTORY_LIVE, NULL, NULL, "%d", i);
    REQUIRE_INT(history.count, VT_HISTORY_MAX);
    REQUIRE_TEXT(history.events[0].text, "0");
    vt_history_add(&history, AT(100), VT_HISTORY_SLATE, NULL, NULL, "one more");
    REQUIRE_INT(history.count, VT_HISTORY_MAX);
    REQUIRE_TEXT(history.events[0].text, "1");
    REQUIRE_TEXT(history.events[VT_HISTORY_MAX - 1].text, "one more");
}

TEST(refusals_of_a_kind_are_counted_in_one)
{
    begin();
    refuse(AT(0), "busy");
    refuse(AT(0) + VT_HISTORY_REPEAT_NS, "busy");
    vt_history_add(&history, AT(15), VT_HISTORY_LIVE, NULL, NULL, "between");
    refuse(AT(20), "busy");
    refuse(AT(20), "crashes");
    REQUIRE_INT(history.count, 3);
    REQUIRE_INT(history.events[0].count, 3);
    json_t *list = vt_history_json(&history);
    REQUIRE_INT(vt_message_int(json_array_get(list, 0), "count", 0), 3);
    REQUIRE_TEXT(vt_message_text(json_array_get(list, 0), "t"), "2023-11-14T22:13:20.000Z");
    REQUIRE_TEXT(vt_message_text(json_array_get(list, 0), "last"), "2023-11-14T22:13:40.000Z");
    REQUIRE(!json_object_get(json_array_get(list, 2), "count"));
    json_decref(list);
    refuse(AT(20) + VT_HISTORY_REPEAT_NS + 1, "busy");
    REQUIRE_INT(history.count, 4);
}

TEST(refusals_push_out_only_each_other)
{
    begin();
    vt_history_add(&history, AT(0), VT_HISTORY_SHOW_STARTED, NULL, NULL, "kept");
    for (int i = 0; i < VT_HISTORY_REFUSALS; i++)
        refuse(AT(60 * i), "busy");
    vt_history_add(&history, AT(9000), VT_HISTORY_SHOW_ENDED, NULL, NULL, "kept");
    REQUIRE_INT(history.count, VT_HISTORY_REFUSALS + 2);
    REQUIRE_INT(history.events[1].first_ns, AT(0));
    for (int i = 0; i < 1000; i++)
        refuse(AT(10000 + 60 * i), "busy");
    REQUIRE_INT(history.count, VT_HISTORY_REFUSALS + 2);
    REQUIRE_TEXT(history.events[0].text, "kept");
    REQUIRE_TEXT(history.events[1].text, "kept");
    REQUIRE_INT(history.events[VT_HISTORY_REFUSALS + 1].first_ns, AT(10000 + 60 * 999));
}

TEST(changes_of_one_publisher_are_counted_in_one)
{
    begin();
    for (int i = 0; i < 100; i++)
        vt_history_add(&history, AT(i), VT_HISTORY_FORMAT, "p1", "video", "%d", i);
    vt_history_add(&history, AT(100), VT_HISTORY_FORMAT, "p1", "audio", "sound");
    vt_history_add(&history, AT(100), VT_HISTORY_FORMAT, "p2", "video", "another");
    REQUIRE_INT(history.count, 3);
    REQUIRE_INT(history.events[0].count, 100);
    REQUIRE_TEXT(history.events[0].text, "99");
}

TEST(others_are_never_merged)
{
    begin();
    vt_history_add(&history, AT(0), VT_HISTORY_STALLED, NULL, NULL, "held");
    vt_history_add(&history, AT(0), VT_HISTORY_STALLED, NULL, NULL, "held");
    REQUIRE_INT(history.count, 2);
}

TEST(words_are_cut_at_a_whole_character)
{
    char text[VT_HISTORY_TEXT + 1];
    begin();
    memset(text, 'a', sizeof text);
    text[VT_HISTORY_TEXT - 1] = 0;
    vt_history_add(&history, AT(0), VT_HISTORY_LIVE, NULL, NULL, "%s", text);
    REQUIRE_TEXT(history.events[0].text, text);
    text[VT_HISTORY_TEXT - 1] = 'a';
    text[VT_HISTORY_TEXT] = 0;
    vt_history_add(&history, AT(0), VT_HISTORY_LIVE, NULL, NULL, "%s", text);
    REQUIRE_INT(strlen(history.events[1].text), VT_HISTORY_TEXT - 1);
    REQUIRE_TEXT(history.events[1].text + VT_HISTORY_TEXT - 5, "a…");
    // the character that the cut meets goes whole
    for (int start = VT_HISTORY_TEXT - 8; start < VT_HISTORY_TEXT - 3; start++) {
        memcpy(text + start, "€", 3);
        vt_history_add(&history, AT(0), VT_HISTORY_LIVE, NULL, NULL, "%s", text);
        memset(text + start, 'a', 3);
    }
    json_t *list = vt_history_json(&history);
    REQUIRE_INT(json_array_size(list), history.count);
    json_decref(list);
}

// Each member as long as it gets, each character two bytes in JSON.
TEST(the_longest_fits_into_its_message)
{
    char wide[VT_HISTORY_TEXT], name[VT_NAME_ROOM];
    begin();
    memset(wide, '\\', sizeof wide - 1);
    wide[sizeof wide - 1] = 0;
    memset(name, 'n', VT_NAME_MAX);
    name[VT_NAME_MAX] = 0;
    for (int i = 0; i < VT_HISTORY_MAX; i++) {
        vt_history_add(&history, AT(i), VT_HISTORY_SHOW_STARTED, name, wide, "%s", wide);
        history.events[i].count = INT64_MAX;
    }
    int ends[2];
    struct vt_link *from = NULL, *to = NULL;
    struct vt_message message;
    REQUIRE_INT(vt_link_pair(ends), 0);
    REQUIRE_INT(vt_link_new(&from, ends[0], VT_SUPERVISOR, VT_ORIGIN), 0);
    REQUIRE_INT(vt_link_new(&to, ends[1], VT_ORIGIN, VT_SUPERVISOR), 0);
    json_t *body = json_pack("{s:s, s:o}", "channel", name, "history", vt_history_json(&history));
    REQUIRE_INT(vt_link_send(from, VT_MSG_ORIGIN_HISTORY, body, NULL, 0), 0);
    REQUIRE_INT(vt_link_receive(to, &message), 1);
    REQUIRE_INT(json_array_size(json_object_get(message.body, "history")), VT_HISTORY_MAX);
    vt_message_clear(&message);
    vt_link_free(&from);
    vt_link_free(&to);
}

int main(void)
{
    RUN(tells_what_happened_oldest_first);
    RUN(the_oldest_makes_room);
    RUN(refusals_of_a_kind_are_counted_in_one);
    RUN(refusals_push_out_only_each_other);
    RUN(changes_of_one_publisher_are_counted_in_one);
    RUN(others_are_never_merged);
    RUN(words_are_cut_at_a_whole_character);
    RUN(the_longest_fits_into_its_message);
    return DONE();
}
