#include "ingest/unit_queue.h"

#include "check.h"

#define MS VT_NS_PER_MS
#define S  VT_NS_PER_S

static int put(struct vt_unit_queue *queue, bool video, int64_t dts_ns, size_t size, int64_t arrival_ns)
{
    static uint8_t bytes[VT_QUEUE_BYTES];
    struct vt_access_unit unit = {.video = video, .data = bytes, .size = size, .dts_ns = dts_ns, .pts_ns = dts_ns};
    bytes[0] = (uint8_t)(dts_ns / MS);
    return vt_unit_queue_put(queue, &unit, arrival_ns);
}

static const struct vt_access_unit *due(const struct vt_unit_queue *queue, int64_t now_ns, int64_t *ret_behind_ns)
{
    int64_t behind_ns;
    const struct vt_access_unit *unit = vt_unit_queue_due(queue, now_ns, &behind_ns);
    if (ret_behind_ns && unit)
        *ret_behind_ns = behind_ns;
    return unit;
}

TEST(units_are_copied_and_due_at_once)
{
    struct vt_unit_queue queue = {0};
    uint8_t data[3] = {1, 2, 3}, config[2] = {8, 9};
    struct vt_access_unit unit = {.video = true, .data = data, .size = 3, .config = config, .config_size = 2, .key = true};
    REQUIRE_INT(vt_unit_queue_next(&queue), INT64_MAX);
    REQUIRE_INT(vt_unit_queue_put(&queue, &unit, 5 * S), 0);
    memset(data, 0, 3), memset(config, 0, 2);
    int64_t behind_ns = -1;
    const struct vt_access_unit *got = due(&queue, 5 * S + 7 * MS, &behind_ns);
    REQUIRE(got && got->video && got->key && got->size == 3 && got->config_size == 2);
    REQUIRE(got->data[0] == 1 && got->data[2] == 3 && got->config[1] == 9);
    REQUIRE_INT(behind_ns, 7 * MS);
    REQUIRE_INT(vt_unit_queue_next(&queue), 5 * S);
    vt_unit_queue_pop(&queue, true);
    REQUIRE(!due(&queue, INT64_MAX, NULL));
    REQUIRE(queue.bytes == 0 && queue.units == 0);
}

TEST(sound_goes_first)
{
    struct vt_unit_queue queue = {0};
    for (int i = 0; i < 3; i++)
        put(&queue, true, i * 40 * MS, 10, S);
    put(&queue, false, 0, 10, S);
    put(&queue, false, 20 * MS, 10, S);
    for (int i = 0; i < 5; i++) {
        const struct vt_access_unit *unit = due(&queue, S, NULL);
        REQUIRE(unit && unit->video == (i >= 2));
        vt_unit_queue_pop(&queue, unit->video);
    }
    vt_unit_queue_clear(&queue);
}

TEST(it_is_full_past_its_bytes_until_half_of_them_are_gone)
{
    struct vt_unit_queue queue = {0};
    for (int i = 0; i < 8; i++)
        put(&queue, true, i * MS, VT_QUEUE_BYTES / 8, S);
    REQUIRE(!vt_unit_queue_full(&queue));
    put(&queue, false, 0, 1, S);                 // one past
    REQUIRE(vt_unit_queue_full(&queue));
    for (int i = 0; i < 3; i++)
        vt_unit_queue_pop(&queue, true);
    REQUIRE(vt_unit_queue_full(&queue));
    vt_unit_queue_pop(&queue, true);
    REQUIRE(vt_unit_queue_full(&queue));         // half, and a byte
    vt_unit_queue_pop(&queue, false);
    REQUIRE(!vt_unit_queue_full(&queue));
    REQUIRE_INT(queue.fills, 1);
    vt_unit_queue_clear(&queue);
    REQUIRE(queue.bytes == 0 && queue.units == 0);
}

TEST(it_is_full_past_its_time_and_its_number)
{
    struct vt_unit_queue queue = {0};
    put(&queue, true, 0, 1, S);
    put(&queue, true, VT_QUEUE_NS, 1, S);
    REQUIRE(!vt_unit_queue_full(&queue));
    put(&queue, true, VT_QUEUE_NS + MS, 1, S);
    REQUIRE(vt_unit_queue_full(&queue));
    vt_unit_queue_clear(&queue);
    REQUIRE(!vt_unit_queue_full(&queue));
    for (int i = 0; i < VT_QUEUE_UNITS; i++)
        put(&queue, true, 10 * S + i, 1, 2 * S);
    REQUIRE(!vt_unit_queue_full(&queue));
    put(&queue, true, 11 * S, 1, 2 * S);
    REQUIRE(vt_unit_queue_full(&queue));
    vt_unit_queue_clear(&queue);
}

// Plays `seconds` of 25 pictures a second; `lag` says how late each one comes. Returns the longest time without one
// between second `from` and the end, as whoever decodes at once sees it.
static int64_t longest_gap(int64_t (*lag)(int64_t at), int seconds, int from)
{
    struct vt_unit_queue queue = {0};
    int64_t last = -1, gap = 0, sent = 0;
    for (int64_t now = 0; now < seconds * S; now += 5 * MS) {
        for (; sent * 40 * MS + lag(sent * 40 * MS) <= now; sent++)
            put(&queue, true, sent * 40 * MS, 100, now);
        while (due(&queue, now, NULL)) {
            if (now >= from * S && last >= 0 && now - last > gap)
                gap = now - last;
            last = now;
            vt_unit_queue_pop(&queue, true);
        }
    }
    vt_unit_queue_clear(&queue);
    return gap;
}

static int64_t burst(int64_t at)
{
    return 2 * S - at % (2 * S);                 // everything of two seconds at their end
}

static int64_t small_jitter(int64_t at)
{
    return at / (40 * MS) % 3 * 20 * MS;
}

static int64_t one_stall(int64_t at)
{
    return at > 20 * S && at < 22 * S ? 22 * S - at : 0;
}

TEST(bursts_that_come_again_and_again_are_evened_out)
{
    REQUIRE(longest_gap(burst, 40, 0) >= 2 * S);             // until it has learnt
    REQUIRE(longest_gap(burst, 40, 17) <= 120 * MS);
}

TEST(small_jitter_and_a_single_stall_hold_nothing_back)
{
    REQUIRE(longest_gap(small_jitter, 30, 0) <= 85 * MS);
    int64_t gap = longest_gap(one_stall, 40, 0);
    REQUIRE(gap >= 1900 * MS && gap <= 2100 * MS);
    REQUIRE(longest_gap(one_stall, 40, 23) <= 85 * MS);
}

int main(void)
{
    RUN(units_are_copied_and_due_at_once);
    RUN(sound_goes_first);
    RUN(it_is_full_past_its_bytes_until_half_of_them_are_gone);
    RUN(it_is_full_past_its_time_and_its_number);
    RUN(bursts_that_come_again_and_again_are_evened_out);
    RUN(small_jitter_and_a_single_stall_hold_nothing_back);
    return DONE();
}
