#include "check.h"

#include <errno.h>

#include "overlay/easing.h"
#include "overlay/motion.h"
#include "overlay/timer.h"

TEST(curves_are_those_of_css)
{
    struct vt_easing e;
    REQUIRE_INT(vt_easing_parse("linear", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.3), 0.3, 1e-6);
    REQUIRE_INT(vt_easing_parse("ease", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.5), 0.8024, 1e-3);
    REQUIRE_INT(vt_easing_parse("ease-in-out", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.5), 0.5, 1e-6);
    REQUIRE_INT(vt_easing_parse("ease-in", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.5), 0.3154, 1e-3);
    REQUIRE_INT(vt_easing_parse("cubic-bezier(.2,.8,.2,1)", &e), 0);
    REQUIRE(vt_ease(&e, 0.1) > 0.3);
    REQUIRE_NEAR(vt_ease(&e, 0), 0, 0);
    REQUIRE_NEAR(vt_ease(&e, 1), 1, 0);
    REQUIRE_NEAR(vt_ease(&e, 7), 1, 0);
}

TEST(other_words_are_refused)
{
    struct vt_easing e;
    REQUIRE_INT(vt_easing_parse("eas", &e), -EINVAL);
    REQUIRE_INT(vt_easing_parse("cubic-bezier(.2,.8,.2)", &e), -EINVAL);
    REQUIRE_INT(vt_easing_parse("cubic-bezier(1.1,0,0,1)", &e), -EINVAL);
    REQUIRE_INT(vt_easing_parse("cubic-bezier(0,0,1,1) x", &e), -EINVAL);
    REQUIRE_INT(vt_easing_parse("cubic-bezier(0,nan,1,1)", &e), -EINVAL);
}

TEST(keyframes_are_evenly_spaced)
{
    struct vt_motion motion = {.count = 3, .easing = {.x2 = 1, .y2 = 1}};
    motion.frames[0] = (struct vt_keyframe){0, {VT_PX, 0}, {VT_PX, 40}};
    motion.frames[1] = (struct vt_keyframe){1, {VT_PERCENT, 50}, {VT_PX, 0}};
    motion.frames[2] = (struct vt_keyframe){1, {VT_PX, 0}, {VT_PX, 0}};
    struct vt_pose pose = vt_motion_pose(&motion, 0.25, 200, 100, 0.5);
    REQUIRE_NEAR(pose.opacity, 0.5, 1e-6);
    REQUIRE_NEAR(pose.x, 50, 1e-4);
    REQUIRE_NEAR(pose.y, 10, 1e-4);
    pose = vt_motion_pose(&motion, 1, 200, 100, 0.5);
    REQUIRE_NEAR(pose.opacity, 1, 0);
    REQUIRE_NEAR(pose.x, 0, 1e-9);
}

// The first frame at or after `ns`, exactly.
static int64_t first_frame(int64_t ns, struct vt_rational rate)
{
    __int128 at = (__int128)ns * rate.num, unit = (__int128)rate.den * VT_NS_PER_S;
    return (int64_t)((at + unit - 1) / unit);
}

// A day of frames: every second is shown, in its turn, from its first frame to the one before the next's.
static void count_frames(struct vt_rational rate)
{
    const int64_t day = INT64_C(24) * 3600, until = day * VT_NS_PER_S + 700000000;
    char text[VT_TIMER_TEXT], wanted[64];
    int64_t frame = 0;
    for (int64_t second = day + 1; second > 0; second--) {
        int64_t end = first_frame(until - (second - 1) * VT_NS_PER_S, rate);
        if (second <= day && rate.den == 1)
            REQUIRE_INT(end - frame, rate.num);
        snprintf(wanted, sizeof wanted, "%02d:%02d:%02d", (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
        for (; frame < end; frame++) {
            vt_timer_text(until - vt_frame_to_ns(frame, rate), VT_TIMER_HH_MM_SS, text);
            if (strcmp(text, wanted) != 0)
                check_fail(__FILE__, __LINE__, "frame %lld shows %s, not %s", (long long)frame, text, wanted);
        }
    }
    vt_timer_text(until - vt_frame_to_ns(frame, rate), VT_TIMER_HH_MM_SS, text);
    REQUIRE_TEXT(text, "00:00:00");
}

TEST(each_second_lasts_exactly_its_frames)
{
    count_frames((struct vt_rational){25, 1});
    count_frames((struct vt_rational){30, 1});
    count_frames((struct vt_rational){30000, 1001});
    count_frames((struct vt_rational){60000, 1001});
}

TEST(zero_shows_only_when_time_is_up)
{
    char text[VT_TIMER_TEXT];
    vt_timer_text(1, VT_TIMER_MM_SS, text);
    REQUIRE_TEXT(text, "00:01");
    vt_timer_text(0, VT_TIMER_MM_SS, text);
    REQUIRE_TEXT(text, "00:00");
    vt_timer_text(-VT_NS_PER_S, VT_TIMER_MM_SS, text);
    REQUIRE_TEXT(text, "00:00");
    vt_timer_text(600 * VT_NS_PER_S, VT_TIMER_MM_SS, text);
    REQUIRE_TEXT(text, "10:00");
    vt_timer_text(3661 * VT_NS_PER_S, VT_TIMER_HH_MM_SS, text);
    REQUIRE_TEXT(text, "01:01:01");
    vt_timer_text(INT64_MAX, VT_TIMER_MM_SS, text);
    REQUIRE_TEXT(text, "9999:59");
    vt_timer_text(INT64_MAX, VT_TIMER_HH_MM_SS, text);
    REQUIRE_TEXT(text, "999:59:59");
}

int main(void)
{
    RUN(curves_are_those_of_css);
    RUN(other_words_are_refused);
    RUN(keyframes_are_evenly_spaced);
    RUN(each_second_lasts_exactly_its_frames);
    RUN(zero_shows_only_when_time_is_up);
    return DONE();
}
