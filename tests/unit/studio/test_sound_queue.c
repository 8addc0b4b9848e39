#include "check.h"
#include "studio/sound_queue.h"

static int put(struct vt_sound_queue *queue, int64_t at)
{
    const float samples[] = {(float)at, -1, 0.5f, 1};
    return vt_sound_queue_put(queue, at, samples, 2);
}

TEST(runs_are_due_in_order_when_they_begin_before)
{
    struct vt_sound_queue queue = {0};
    REQUIRE(!vt_sound_queue_due(&queue, INT64_MAX));
    for (int64_t at = 10; at <= 30; at += 10)
        REQUIRE_INT(put(&queue, at), 0);
    REQUIRE(!vt_sound_queue_due(&queue, 10));
    const struct vt_sound_run *run = vt_sound_queue_due(&queue, 11);
    REQUIRE(run && run->at_ns == 10 && run->count == 2);
    REQUIRE(run->samples[0] == 10 && run->samples[3] == 1);
    vt_sound_queue_pop(&queue);
    REQUIRE(!vt_sound_queue_due(&queue, 20));
    REQUIRE_INT(vt_sound_queue_due(&queue, 100)->at_ns, 20);
    vt_sound_queue_clear(&queue);
    REQUIRE_INT(queue.samples, 0);
    REQUIRE_INT(put(&queue, 5), 0);
    REQUIRE_INT(vt_sound_queue_due(&queue, 6)->at_ns, 5);
    vt_sound_queue_clear(&queue);
}

TEST(no_more_waits_than_there_is_room_for)
{
    struct vt_sound_queue queue = {0};
    for (int i = 0; i < VT_SOUND_QUEUE_SAMPLES / 2; i++)
        REQUIRE_INT(put(&queue, 1000), 0);
    REQUIRE(!vt_sound_queue_due(&queue, 0));
    REQUIRE_INT(put(&queue, 1000), 0);
    REQUIRE(vt_sound_queue_due(&queue, 0) != NULL);
    vt_sound_queue_pop(&queue);
    REQUIRE(!vt_sound_queue_due(&queue, 0));
    vt_sound_queue_clear(&queue);
}

int main(void)
{
    RUN(runs_are_due_in_order_when_they_begin_before);
    RUN(no_more_waits_than_there_is_room_for);
    return DONE();
}
