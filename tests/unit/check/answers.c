// Rules that HTTP answers and bit rates break: answers made by hand.
#include "check/answer.h"
#include "check/presentation.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check/cases.h"

#define PLAYLIST "http://127.0.0.1/live/v.m3u8"
#define GOOD_PLAYLIST "Content-Type: application/vnd.apple.mpegurl\r\nContent-Encoding: gzip\r\nCache-Control: max-age=3\r\n"
#define GOOD_SEGMENT "Content-Type: video/mp4\r\nCache-Control: max-age=3600\r\n"

struct answer {
    int rule;
    enum vt_answer_kind kind;
    const char *url, *headers;
    int http, redirects;
};

static const struct answer answers[] = {
    {0, VT_ANSWER_PLAYLIST, PLAYLIST, GOOD_PLAYLIST, 20, 0},
    {0, VT_ANSWER_SEGMENT, "http://127.0.0.1/live/v-10.m4s", GOOD_SEGMENT, 20, 0},
    {0, VT_ANSWER_PLAYLIST, "file:///live/v.m3u8", "", 0, 0},
    {1, VT_ANSWER_PLAYLIST, "http://127.0.0.1/live/v", "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", 20, 0},
    {138, VT_ANSWER_PLAYLIST, PLAYLIST, "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", 20, 0},
    {138, VT_ANSWER_SEGMENT, "http://127.0.0.1/live/v-10.m4s", "Content-Type: text/plain\r\nCache-Control: max-age=9\r\n", 20, 0},
    {39, VT_ANSWER_SEGMENT, "http://127.0.0.1/live/v-10.m4s", "Content-Type: video/mp4\r\n", 20, 0},
    {39, VT_ANSWER_SEGMENT, "http://127.0.0.1/live/v-10.m4s", "Content-Type: video/mp4\r\nCache-Control: no-store\r\n", 20, 0},
    {40, VT_ANSWER_PLAYLIST, PLAYLIST, GOOD_PLAYLIST "Last-Modified: Sun, 01 Mar 2026 19:00:00 GMT\r\n"
     "Date: Sun, 01 Mar 2026 19:00:20 GMT\r\n", 20, 0},
    {131, VT_ANSWER_PLAYLIST, PLAYLIST, GOOD_PLAYLIST, 11, 0},
    {132, VT_ANSWER_PLAYLIST, PLAYLIST, "Content-Type: audio/mpegurl\r\nCache-Control: max-age=3\r\n", 20, 0},
    {134, VT_ANSWER_PLAYLIST, PLAYLIST, GOOD_PLAYLIST "Via: 1.1 edge\r\n", 20, 0},
    {0, VT_ANSWER_PLAYLIST, PLAYLIST, GOOD_PLAYLIST "Via: 1.1 edge\r\nage: 1\r\n", 20, 0},
    {135, VT_ANSWER_PLAYLIST, PLAYLIST, "Content-Type: audio/mpegurl\r\nContent-Encoding: gzip\r\nCache-Control: max-age=4\r\n",
     20, 0},
    {135, VT_ANSWER_PLAYLIST, PLAYLIST "?_HLS_msn=17", "Content-Type: audio/mpegurl\r\nContent-Encoding: gzip\r\n"
     "Cache-Control: no-cache\r\n", 20, 0},
    {135, VT_ANSWER_PLAYLIST, PLAYLIST "?_HLS_msn=17", "Content-Type: audio/mpegurl\r\nContent-Encoding: gzip\r\n"
     "Cache-Control: max-age=0\r\n", 20, 0},
    {0, VT_ANSWER_PLAYLIST, PLAYLIST "?_HLS_msn=17", "Content-Type: audio/mpegurl\r\nContent-Encoding: gzip\r\n"
     "Cache-Control: max-age=0, s-maxage=36\r\n", 20, 0},
    {137, VT_ANSWER_SEGMENT, "http://127.0.0.1/live/v-10.m4s", GOOD_SEGMENT, 20, 1},
};

static struct vt_fetch made(const char *url, int status, const char *headers)
{
    struct vt_fetch fetch = {.status = status, .started = 100, .first_byte = 100.1, .done = 100.2, .size = 5000};
    strcpy(fetch.url, url);
    strcpy(fetch.final_url, url);
    fetch.headers = (char *)headers;
    static char body[5001];
    fetch.body = body;
    return fetch;
}

static void run_answer(const struct answer *one)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_m3u *m3u = read_text(one->url, good_live, &ignored);
    struct vt_fetch fetch = made(one->url, 200, one->headers);
    fetch.http_version = one->http;
    fetch.redirects = one->redirects;
    vt_check_answer(&fetch, one->kind, m3u, &findings);
    require_only(&findings, one->rule, one->headers);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
}

// ---- what is there, and when

static void judge(struct vt_findings *findings, int rule, const char *what)
{
    require_only(findings, rule, what);
    vt_findings_free(findings);
}

static void test_there(const struct vt_m3u *m3u)
{
    struct vt_findings f = {.count = 0};
    struct vt_fetch fetch = made("http://127.0.0.1/live/v-10.m4s", 404, "");
    vt_check_there(&fetch, VT_ANSWER_SEGMENT, m3u, 3, &f);
    judge(&f, 34, "a segment that is not there");
    vt_check_there(&fetch, VT_ANSWER_PART, m3u, 3, &f);
    judge(&f, 83, "a part that is not there");
    vt_check_removed(&fetch, PLAYLIST, 35, &f);
    judge(&f, 35, "a segment that was removed");
    vt_check_removed(&fetch, PLAYLIST, 85, &f);
    judge(&f, 85, "a part that was removed");
    vt_check_hinted(&fetch, m3u, 1000, 0, &f);
    judge(&f, 115, "a hinted part that is not there");
    fetch.status = 200;
    fetch.done = 104;
    vt_check_hinted(&fetch, m3u, 1000, 0, &f);
    judge(&f, 115, "a hinted part that comes in pieces");
    vt_check_unknown(&fetch, &f);
    judge(&f, 116, "200 for anything");
    strcpy(fetch.error, "broke off");
    vt_check_there(&fetch, VT_ANSWER_SEGMENT, m3u, 3, &f);
    judge(&f, 34, "a segment that breaks off");
    vt_check_broken_off(&fetch, &f);
    judge(&f, 31, "a playlist that breaks off");
}

// A 404 for a hinted part, and what the playlist says by then.
static void judge_hint(int rule, const char *text, uint64_t msn, int part, const char *what)
{
    struct vt_findings ignored = {.count = 0}, f = {.count = 0};
    struct vt_fetch fetch = made("http://127.0.0.1/live/v-26.2.m4s", 404, "");
    struct vt_m3u *m3u = read_text(PLAYLIST, text, &ignored);
    vt_check_hinted(&fetch, m3u, msn, part, &f);
    judge(&f, rule, what);
    vt_m3u_free(&m3u);
}

static void test_hints_that_come_to_nothing(void)
{
    char *gap = edited(good_low, "URI=\"v-26.1.m4s\"", "URI=\"v-26.1.m4s\",GAP=YES");
    judge_hint(115, good_low, 26, 2, "a part that is hinted still");
    judge_hint(115, good_low, 26, 1, "a part that is listed by now");
    judge_hint(0, gap, 26, 1, "a part that is a gap by now");
    judge_hint(0, good_low, 25, 3, "a part after the last one of its segment");
    judge_hint(115, good_low, 27, 0, "a part of a segment to come");
    judge_hint(0, good_vod, 27, 0, "a part that the end came before");
    free(gap);
}

static void test_ranges(const struct vt_m3u *m3u)
{
    struct vt_findings f = {.count = 0};
    struct vt_fetch fetch = made("http://127.0.0.1/live/v.mp4", 200, "Content-Range: bytes 10-29/5000\r\n");
    strcpy(fetch.range, "10-29");
    vt_check_there(&fetch, VT_ANSWER_SEGMENT, m3u, 3, &f);
    judge(&f, 133, "a range that is answered with all");
    fetch.status = 206;
    vt_check_there(&fetch, VT_ANSWER_SEGMENT, m3u, 3, &f);
    judge(&f, 0, "a range");
    strcpy(fetch.range, "0-29");
    vt_check_there(&fetch, VT_ANSWER_SEGMENT, m3u, 3, &f);
    judge(&f, 133, "another range");
}

static void test_blocking(const struct vt_m3u *m3u)
{
    struct vt_findings f = {.count = 0};
    struct vt_fetch fetch = made(PLAYLIST "?_HLS_msn=26&_HLS_part=2", 200, "");
    vt_check_blocking(&fetch, m3u, 26, 1, 102, &f);
    vt_check_blocking(&fetch, m3u, 25, -1, 101, &f);
    vt_check_blocking(&fetch, m3u, 25, 7, 102, &f);
    judge(&f, 0, "answers with what was asked for");
    vt_check_blocking(&fetch, m3u, 26, 2, 102, &f);
    judge(&f, 102, "a part that is not in it");
    vt_check_blocking(&fetch, m3u, 26, -1, 101, &f);
    judge(&f, 101, "a segment that is not in it");
    vt_check_blocking(&fetch, m3u, 26, 2, 103, &f);
    judge(&f, 103, "the first part of the next");
    fetch.first_byte = 119;
    vt_check_blocking(&fetch, m3u, 26, 2, 102, &f);
    judge(&f, 108, "an old playlist after three target durations");
}

static void test_refusals(const struct vt_m3u *m3u)
{
    struct vt_findings f = {.count = 0};
    static const int rules[] = {105, 106, 107};
    for (int i = 0; i < 3; i++) {
        struct vt_fetch fetch = made(PLAYLIST "?_HLS_part=2", 200, "");
        vt_check_refused(&fetch, rules[i], &f);
        judge(&f, rules[i], "200");
        fetch.status = 400;
        vt_check_refused(&fetch, rules[i], &f);
        judge(&f, 0, "400");
        fetch.done = 102;
        vt_check_refused(&fetch, rules[i], &f);
        judge(&f, rules[i], "400 too late");
    }
    struct vt_fetch fetch = made(PLAYLIST "?_HLS_msn=1", 200, "");
    vt_check_old(&fetch, m3u, &f);
    vt_check_ended(&fetch, m3u, &f);
    judge(&f, 0, "an old number");
    vt_check_old(&fetch, NULL, &f);
    judge(&f, 104, "no playlist for an old number");
    vt_check_ended(&fetch, NULL, &f);
    judge(&f, 109, "no playlist once it has ended");
    fetch.status = 400;
    vt_check_trip(&fetch, m3u, &f);
    judge(&f, 0, "a short round trip");
    fetch.done = 103;
    vt_check_trip(&fetch, m3u, &f);
    judge(&f, 99, "a long round trip");
}

static void test_repeated(const struct vt_m3u *m3u)
{
    struct vt_findings f = {.count = 0}, ignored = {.count = 0};
    char *text = edited(good_low, "#EXT-X-PART:DURATION=2.000,URI=\"v-26.1.m4s\"\n", "");
    struct vt_m3u *older = read_text(PLAYLIST, text, &ignored);
    vt_check_repeated(older, m3u, &f);
    judge(&f, 0, "a newer answer");
    vt_check_repeated(m3u, older, &f);
    judge(&f, 114, "an older answer");
    vt_m3u_free(&older);
    vt_findings_free(&ignored);
    free(text);
}

// ---- bit rates

static void run_rates(double video, int metadata, int rule, const char *multi_text)
{
    struct vt_findings findings = {.count = 0}, ignored = {.count = 0};
    struct vt_check_sum sum = {.live = true};
    struct vt_presentation *p = calloc(1, sizeof *p);
    struct vt_check_run runs[] = {{video * 6 / 8, 6}, {video * 6 / 8, 6}}, sound[] = {{128000.0 * 6 / 8, 6}};
    p->findings = &findings;
    p->sum = &sum;
    p->multi = read_text("http://127.0.0.1/live/index.m3u8", multi_text, &ignored);
    p->count = 2;
    strcpy(p->list[0].url, "http://127.0.0.1/live/720p.m3u8");
    strcpy(p->list[1].url, "http://127.0.0.1/live/a.m3u8");
    for (int i = 0; i < 2; i++) {
        p->list[i].now = read_text(p->list[i].url, good_low, &ignored);
        p->list[i].runs = i ? sound : runs;
        p->list[i].n_runs = i ? 1 : 2;
        p->list[i].has_media = true;
        p->list[i].media.n_tracks = 1;
        p->list[i].media.tracks[0].kind = i ? 'a' : 'v';
        strcpy(p->list[i].media.tracks[0].codec, i ? "mp4a.40.2" : "avc1.64001f");
    }
    p->list[0].metadata = metadata;
    vt_check_rates(p);
    require_only(&findings, rule, "bit rates");
    for (int i = 0; i < 2; i++)
        vt_m3u_free(&p->list[i].now);
    vt_m3u_free(&p->multi);
    vt_findings_free(&findings);
    vt_findings_free(&ignored);
    free(p);
}

void test_answers(void)
{
    struct vt_findings ignored = {.count = 0};
    struct vt_m3u *low = read_text(PLAYLIST, good_low, &ignored);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        run_answer(&answers[i]);
    test_hints_that_come_to_nothing();
    test_there(low);
    test_ranges(low);
    test_blocking(low);
    test_refusals(low);
    test_repeated(low);
    vt_m3u_free(&low);
    vt_findings_free(&ignored);
    char *modest = edited(good_multi, "AVERAGE-BANDWIDTH=2600000", "AVERAGE-BANDWIDTH=2000000");
    char *steady = edited(good_multi, "AVERAGE-BANDWIDTH=2600000", "AVERAGE-BANDWIDTH=2900000");
    char *other = edited(good_multi, "avc1.64001f,mp4a", "avc1.64001f,ac-3,mp3");
    run_rates(2500000, 0, 0, good_multi);
    run_rates(2900000, 0, 123, steady);
    run_rates(2500000, 0, 124, modest);
    run_rates(2500000, 0, 121, other);
    run_rates(2500000, 3, 140, good_multi);
    free(modest);
    free(steady);
    free(other);
}
