#include "check.h"
#include "packager/cue.h"
#include "packager/grapheme.h"
#include "packager/id3.h"

#include <errno.h>

// 2026-03-01T19:00:00Z
#define EPOCH (INT64_C(1772391600) * VT_NS_PER_S)

static const struct vt_cue_clock at30 = {{30, 1}, EPOCH};

static char *hex(const struct vt_writer *w)
{
    static char out[4096];
    for (size_t i = 0; i < w->size; i++)
        snprintf(out + 2 * i, 3, "%02x", w->data[i]);
    return out;
}

static struct vt_cue plain_cue(void)
{
    struct vt_cue cue = {.id = "c42", .rev = 7, .op = VT_CUE_START, .frame = 30, .end_frame = INT64_MAX,
                         .lease_frame = 60, .template = "card@1.0.0"};
    return cue;
}

TEST(json_is_the_contract)
{
    struct vt_cue_hotspot buy = {.name = "buy", .action = "add_to_cart", .label = "Add to cart",
                                 .rect = {30.4166667, 79.028, 6.25, 4.074}, .z = 2};
    struct vt_cue cue = {
        .id = "c42", .rev = 7, .op = VT_CUE_START, .frame = 137454, .end_frame = 137454 + 18000,
        .lease_frame = 137454 + 900, .template = "com.example.shop.flash-sale-card@1.2.0", .item = "SKU-123",
        .priced = true, .amount = 5999, .currency = "EUR", .hotspots = &buy, .hotspot_count = 1,
        .more = "cues/c42.7.json",
    };
    struct vt_cue_clock clock = {{30, 1}, INT64_C(1772387270) * VT_NS_PER_S + 680 * VT_NS_PER_MS};
    char out[VT_CUE_JSON + 1];
    int size = vt_cue_json(&cue, &clock, out);
    REQUIRE_TEXT(out, "{\"v\":1,\"id\":\"c42\",\"rev\":7,\"op\":\"start\",\"t\":\"2026-03-01T19:04:12.480Z\","
                 "\"pts\":412362000,\"ends\":\"2026-03-01T19:14:12.480Z\","
                 "\"tpl\":\"com.example.shop.flash-sale-card@1.2.0\",\"item\":\"SKU-123\","
                 "\"price\":{\"a\":5999,\"c\":\"EUR\"},\"hs\":[{\"n\":\"buy\",\"act\":\"add_to_cart\","
                 "\"r\":[30.417,79.028,6.25,4.074],\"z\":2,\"l\":\"Add to cart\"}],\"more\":\"cues/c42.7.json\"}");
    REQUIRE_INT(size, strlen(out));
}

TEST(json_leaves_out_what_is_not_there)
{
    struct vt_cue_hotspot spots[2] = {
        {.name = "a", .action = "open", .rect = {0, 100, -0.0004, 12.5}, .z = -1},
        {.name = "b", .action = "add", .label = "1 \"2\"\n\\", .quantity = 3, .item = "S", .coupon = "C",
         .url = "https://e.example/?a=b&c=\xff", .rect = {33.3333333, 1e-9, 0.001, 99.9995}},
    };
    struct vt_cue cue = plain_cue();
    cue.hotspots = spots;
    cue.hotspot_count = 2;
    char out[VT_CUE_JSON + 1];
    REQUIRE(vt_cue_json(&cue, &at30, out) > 0);
    REQUIRE_TEXT(out, "{\"v\":1,\"id\":\"c42\",\"rev\":7,\"op\":\"start\",\"t\":\"2026-03-01T19:00:01.000Z\","
                 "\"pts\":90000,\"tpl\":\"card@1.0.0\",\"hs\":["
                 "{\"n\":\"a\",\"act\":\"open\",\"r\":[0,100,0,12.5],\"z\":-1},"
                 "{\"n\":\"b\",\"act\":\"add\",\"r\":[33.333,0,0.001,100],\"z\":0,\"l\":\"1 \\\"2\\\"\\u000a\\\\\","
                 "\"q\":3,\"i\":\"S\",\"c\":\"C\",\"u\":\"https://e.example/?a=b&c=\uFFFD\"}]}");
}

TEST(an_end_has_no_hotspots_and_ends_now)
{
    struct vt_cue_hotspot spot = {.name = "a", .action = "open"};
    struct vt_cue cue = plain_cue();
    cue.op = VT_CUE_END;
    cue.hotspots = &spot;
    cue.hotspot_count = 1;
    char out[VT_CUE_JSON + 1];
    REQUIRE(vt_cue_json(&cue, &at30, out) > 0);
    REQUIRE_TEXT(out, "{\"v\":1,\"id\":\"c42\",\"rev\":7,\"op\":\"end\",\"t\":\"2026-03-01T19:00:01.000Z\","
                 "\"pts\":90000,\"ends\":\"2026-03-01T19:00:01.000Z\",\"tpl\":\"card@1.0.0\",\"hs\":[]}");
}

TEST(a_snap_is_the_same_revision)
{
    struct vt_cue cue = plain_cue();
    char out[VT_CUE_JSON + 1], snap[VT_CUE_JSON + 1];
    cue.op = VT_CUE_UPDATE;
    int size = vt_cue_json(&cue, &at30, out);
    REQUIRE_INT(vt_cue_snap_json(out, snap), size - 2);
    REQUIRE_TEXT(snap, "{\"v\":1,\"id\":\"c42\",\"rev\":7,\"op\":\"snap\",\"t\":\"2026-03-01T19:00:01.000Z\","
                 "\"pts\":90000,\"tpl\":\"card@1.0.0\",\"hs\":[]}");
}

// Size of the JSON of one hotspot whose label has `count` letters, when none of it is cut.
static int size_with_label(char *label, int count, char out[VT_CUE_JSON + 1])
{
    memset(label, 'x', (size_t)count);
    label[count] = 0;
    struct vt_cue_hotspot spot = {.name = "a", .action = "open", .label = label};
    struct vt_cue cue = plain_cue();
    cue.hotspots = &spot;
    cue.hotspot_count = 1;
    return vt_cue_json(&cue, &at30, out);
}

TEST(labels_are_cut_at_the_limit)
{
    char label[2000], out[VT_CUE_JSON + 1];
    int rest = size_with_label(label, 1, out) - 1;
    REQUIRE_INT(size_with_label(label, VT_CUE_JSON - rest, out), VT_CUE_JSON);
    REQUIRE(!strstr(out, "\u2026"));
    REQUIRE_INT(size_with_label(label, VT_CUE_JSON - rest + 1, out), VT_CUE_JSON);
    REQUIRE(strstr(out, "xx\u2026\"}]}"));
    REQUIRE_INT(size_with_label(label, 1999, out), VT_CUE_JSON);
    REQUIRE(strstr(out, "xx\u2026\"}]}"));
}

TEST(the_longest_label_is_cut_first)
{
    char a[501], b[501], out[VT_CUE_JSON + 1];
    memset(a, 'a', 500);
    a[500] = 0;
    memset(b, 'b', 300);
    b[300] = 0;
    struct vt_cue_hotspot spots[3] = {{"x", "open", a}, {"y", "open", b}, {"z", "open", "short"}};
    struct vt_cue cue = plain_cue();
    cue.hotspots = spots;
    cue.hotspot_count = 3;
    REQUIRE_INT(vt_cue_json(&cue, &at30, out), VT_CUE_JSON);
    REQUIRE(strstr(out, "aa\u2026\"") && strstr(out, "\"short\"") && !strstr(out, "b\u2026"));
}

TEST(labels_are_cut_between_clusters)
{
    static const char *const clusters[] = {
        "e\u0301", "\U0001F469\u200D\U0001F469\u200D\U0001F467", "\U0001F1E9\U0001F1EA", "\u2764\uFE0F",
        "\U0001F44D\U0001F3FD", "1\uFE0F\u20E3", "\u0915\u094D", "\u1112\u1161\u11AB",
    };
    for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++) {
        char label[1400] = "", out[VT_CUE_JSON + 1];
        while (strlen(label) < 1300)
            strcat(label, clusters[i]);
        struct vt_cue_hotspot spot = {.name = "a", .action = "open", .label = label};
        struct vt_cue cue = plain_cue();
        cue.hotspots = &spot;
        cue.hotspot_count = 1;
        int size = vt_cue_json(&cue, &at30, out);
        REQUIRE(size > VT_CUE_JSON - 40 && size <= VT_CUE_JSON);
        const char *cut = strstr(out, "\u2026");
        REQUIRE(cut);
        REQUIRE_INT((cut - strstr(out, "\"l\":\"") - 5) % (int64_t)strlen(clusters[i]), 0);
    }
}

TEST(what_cannot_fit_is_refused)
{
    char item[VT_CUE_JSON], out[VT_CUE_JSON + 1] = "untouched";
    struct vt_cue_hotspot spot = {.name = "a", .action = "open", .label = "label"};
    struct vt_cue cue = plain_cue();
    cue.hotspots = &spot;
    cue.hotspot_count = 1;
    cue.item = "";
    int rest = vt_cue_json(&cue, &at30, out);
    // "label" becomes "l…", one byte less.
    memset(item, 'i', sizeof item);
    item[VT_CUE_JSON - rest + 1] = 0;
    cue.item = item;
    REQUIRE_INT(vt_cue_json(&cue, &at30, out), VT_CUE_JSON);
    REQUIRE(strstr(out, "\"l\u2026\""));
    strcpy(out, "untouched");
    item[VT_CUE_JSON - rest + 1] = 'i';
    item[VT_CUE_JSON - rest + 2] = 0;
    REQUIRE_INT(vt_cue_json(&cue, &at30, out), -EMSGSIZE);
    REQUIRE_TEXT(out, "untouched");
}

TEST(clusters)
{
    REQUIRE_INT(vt_grapheme_size("", 0), 0);
    REQUIRE_INT(vt_grapheme_size("ab", 2), 1);
    REQUIRE_INT(vt_grapheme_size("\r\nx", 3), 2);
    // Two flags are two clusters; an odd third indicator stands alone.
    REQUIRE_INT(vt_grapheme_size("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7", 16), 8);
    REQUIRE_INT(vt_grapheme_size("\U0001F1E9x", 5), 4);
    REQUIRE_INT(vt_grapheme_size("\xc3", 1), 1);
    REQUIRE_INT(vt_grapheme_size("\xed\xa0\x80", 3), 1);
    REQUIRE_INT(vt_grapheme_size("\xf4\x90\x80\x80", 4), 1);
    REQUIRE_INT(vt_grapheme_size("\xc0\x80", 2), 1);
    REQUIRE_INT(vt_grapheme_size("\uAC00\u11A8", 6), 6);
    REQUIRE_INT(vt_grapheme_size("\u0E01\u0E33\u0E34", 9), 3);
}

TEST(id3_vector)
{
    struct vt_writer w = {0};
    vt_id3_txxx(&w, "vitrine.cue", "{\"v\":1,\"id\":\"c1\"}", 17);
    REQUIRE_TEXT(hex(&w), "49443304000000000028545858580000001e00000376697472696e652e637565007b2276223a312c22696422"
                 "3a226331227d");
    vt_writer_free(&w);
}

TEST(id3_sizes_are_synchsafe_in_the_frame_too)
{
    char text[300];
    memset(text, 'x', sizeof text);
    struct vt_writer w = {0};
    vt_cue_id3(&w, text, sizeof text);
    REQUIRE_INT(w.size, 10 + 10 + 1 + 15 + 300);
    REQUIRE(memcmp(w.data, "ID3\4\0\0\0\0\2\x46TXXX\0\0\2\x3c\0\0\3vitrine.cue.v1\0x", 37) == 0);
    vt_writer_free(&w);
}

TEST(emsg_vector)
{
    struct vt_writer w = {0};
    vt_write_u8(&w, 0xEE);                                   // its size does not hold what stands before it
    struct vt_emsg emsg = {.timescale = 90000, .presentation_time = 900000, .duration = UINT32_MAX, .id = 7};
    vt_id3_emsg(&w, &emsg, "vitrine.cue", "{\"v\":1,\"id\":\"c1\"}", 17);
    REQUIRE_TEXT(hex(&w), "ee00000071656d73670100000000015f9000000000000dbba0ffffffff0000000768747470733a2f2f616f6d"
                 "656469612e6f72672f656d73672f49443300300049443304000000000028545858580000001e000003766974"
                 "72696e652e637565007b2276223a312c226964223a226331227d");
    vt_writer_free(&w);
}

TEST(emsg_ids_differ)
{
    uint32_t id = vt_cue_emsg_id("c1", 1, VT_CUE_START, 5);
    REQUIRE(id != 0);
    REQUIRE_INT(vt_cue_emsg_id("c1", 1, VT_CUE_START, 5), id);
    REQUIRE(vt_cue_emsg_id("c2", 1, VT_CUE_START, 5) != id);
    REQUIRE(vt_cue_emsg_id("c1", 2, VT_CUE_START, 5) != id);
    REQUIRE(vt_cue_emsg_id("c1", 1, VT_CUE_SNAP, 5) != id);
    REQUIRE(vt_cue_emsg_id("c1", 1, VT_CUE_START, 6) != id);
}

TEST(daterange_line)
{
    static const char *const coded[] = {"YQ", "YWI", "YWJj", "fn9-_w"};
    static const char *const plain[] = {"a", "ab", "abc", "~\x7f~\xff"};
    for (int i = 0; i < 4; i++) {
        struct vt_writer w = {0};
        vt_cue_daterange(&w, "c42", 7, EPOCH + 480 * VT_NS_PER_MS, 12 * VT_NS_PER_S + 1, plain[i], strlen(plain[i]));
        vt_write_u8(&w, 0);
        char expected[256];
        snprintf(expected, sizeof expected, "#EXT-X-DATERANGE:ID=\"c42.7\",CLASS=\"com.vitrine.cue\","
                 "START-DATE=\"2026-03-01T19:00:00.480Z\",DURATION=12.001,X-COM-VITRINE-CUE=\"%s\"\n", coded[i]);
        REQUIRE_TEXT((char *)w.data, expected);
        vt_writer_free(&w);
    }
}

int main(void)
{
    RUN(json_is_the_contract);
    RUN(json_leaves_out_what_is_not_there);
    RUN(an_end_has_no_hotspots_and_ends_now);
    RUN(a_snap_is_the_same_revision);
    RUN(labels_are_cut_at_the_limit);
    RUN(the_longest_label_is_cut_first);
    RUN(labels_are_cut_between_clusters);
    RUN(what_cannot_fit_is_refused);
    RUN(clusters);
    RUN(id3_vector);
    RUN(id3_sizes_are_synchsafe_in_the_frame_too);
    RUN(emsg_vector);
    RUN(emsg_ids_differ);
    RUN(daterange_line);
    return DONE();
}
