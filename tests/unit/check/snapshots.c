// Rules that one version of one playlist can break: an edit of a good one each.
#include "check/snapshot.h"

#include <stdlib.h>

#include "tests/unit/check/cases.h"

struct edit {
    int rule;
    const char *base, *from, *to;
    bool final;
};

#define X "#EXTINF:6.00000,\nv-12.m4s\n"
#define RANGE "#EXT-X-DATERANGE:ID=\"c1.1\",CLASS=\"com.example\",START-DATE=\"2026-03-01T19:00:13.000Z\",DURATION=10.000,"
#define FIVE "#EXTINF:6,\na\n#EXTINF:6,\nb\n#EXTINF:6,\nc\n#EXTINF:6,\nd\n#EXTINF:6,\ne\n"
#define LOW_HEAD "#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"                  \
    "PART-HOLD-BACK=6.000,CAN-SKIP-UNTIL="

static const struct edit edits[] = {
    {2, good_live, "#EXTM3U", "\xef\xbb\xbf#EXTM3U"},
    {2, good_live, ",\nv-10", ",\x01\nv-10"},
    {2, good_live, ",\nv-10", ",\xff\nv-10"},
    {2, good_live, ",\nv-10", ",\xc2\x85\nv-10"},
    {3, good_vod, "a title", "cafe\xcc\x81"},
    {4, good_live, "v-11.m4s", "v-11.m4s "},
    {4, good_live, "#EXTINF:6.00000,\nv-11", " #EXTINF:6.00000,\nv-11"},
    {4, good_live, "\",START-DATE", "\", START-DATE"},
    {4, good_low, "CAN-BLOCK-RELOAD=YES,", "CAN-BLOCK-RELOAD= YES,"},
    {4, good_ts, "#EXT-X-ENDLIST\n", "#EXT-X-ENDLIST"},
    {5, good_live, "#EXTM3U\n", "# a comment\n#EXTM3U\n"},
    {6, good_live, "#EXT-X-VERSION:6\n", "#EXT-X-VERSION:6\n#EXT-X-VERSION:6\n"},
    {7, good_live, "DURATION=10.000,", "DURATION=10.000,DURATION=10.000,"},
    {8, good_live, "X-COM-EXAMPLE", "x-com-example"},
    {8, good_live, "CLASS=\"com.example\"", "CLASS=com.example"},
    {8, good_live, "CLASS=\"com.example\"", "CLASS=\"\""},
    {8, good_live, "X-COM-EXAMPLE=\"abc\"", "X-COM-EXAMPLE=\"abc"},
    {8, good_live, "X-COM-EXAMPLE=\"abc\"", "X-COM-EXAMPLE=\"abc\",YES"},
    {8, good_live, "2026-03-01T19:00:13.000Z", "yesterday"},
    {8, good_multi, "RESOLUTION=1280x720", "RESOLUTION=1280"},
    {8, good_vod, "TYPE:VOD", "TYPE:FILM"},
    {9, good_live, "DURATION=10.000", "DURATION=1e1"},
    {9, good_live, "#EXTINF:6.00000,\nv-11", "#EXTINF:+6,\nv-11"},
    {9, good_multi, "AVERAGE-BANDWIDTH=2600000", "AVERAGE-BANDWIDTH=18446744073709551616"},
    {9, good_vod, "#EXT-X-BYTERANGE:500000\n", "#EXT-X-BYTERANGE:half\n"},
    {10, good_live, X, "#EXT-X-SESSION-DATA:DATA-ID=\"x\",VALUE=\"y\"\n" X},
    {10, good_multi, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aud\",NAME=\"D", "#EXT-X-GAP\n"
                     "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aud\",NAME=\"D"},
    {11, good_live, "#EXT-X-MEDIA-S", "#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-S"},
    {12, good_live, "#EXT-X-INDEPENDENT-SEGMENTS\n", "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-INDEPENDENT-SEGMENTS\n"},
    {13, good_ts, "#EXT-X-VERSION:3\n", "#EXT-X-VERSION:2\n"},
    {13, good_ts, "#EXT-X-VERSION:3\n", ""},
    {13, good_i_frames, "VERSION:5", "VERSION:4"},
    {14, good_live, "#EXT-X-VERSION:6", "#EXT-X-VERSION:5"},
    {15, good_multi, "#EXT-X-VERSION:8", "#EXT-X-VERSION:7"},
    {15, good_low, "#EXT-X-MAP:URI=\"v-init.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n",
     "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"},
    {16, good_ts, "VERSION:3", "VERSION:9"},
    {17, good_live, "#EXT-X-TARGETDURATION:6\n", ""},
    {17, good_ts, "#EXT-X-TARGETDURATION:6\n", "#EXT-X-TARGETDURATION:0\n"},
    {18, good_live, "#EXTINF:6.00000,\nv-11", "#EXTINF:6.50000,\nv-11"},
    {21, good_live, "#EXTINF:6.00000,\nv-11", "v-11"},
    {21, good_live, "#EXTINF:6.00000,\nv-11", "#EXTINF:6.00000,\n#EXTINF:6.00000,\nv-11"},
    {23, good_ts, "#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:6.00000,\nv-1.ts\n",
     "#EXTINF:6.00000,\nv-1.ts\n#EXT-X-MEDIA-SEQUENCE:1\n"},
    {28, good_live, "#EXTINF:6.00000,\nv-15.m4s\n#EXTINF:6.00000,\nv-16.m4s\n", ""},
    {31, good_live, "v-16.m4s\n", ""},
    {32, good_live, "#EXT-X-MEDIA-S", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-S"},
    {33, good_vod, "#EXT-X-ENDLIST\n", "", true},
    {38, good_live, "#EXT-X-INDEP", "#EXT-X-START:TIME-OFFSET=-12\n#EXT-X-INDEP"},
    {43, good_live, "#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"v-init.mp4\"\n"
     "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n#EXTINF:6.00000,\nv-10.m4s\n",
     "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"v-init.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:00.000Z\n"
     "#EXTINF:6.00000,\nv-10.m4s\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n"},
    {46, good_i_frames, "#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:6\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MEDIA-SEQUENCE:1\n"
     "#EXT-X-MAP:URI=\"v-init.mp4\"\n", "#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:6\n#EXT-X-I-FRAMES-ONLY\n"},
    {46, good_vod, "700@0", "700"},
    {52, good_live, "19:00:18.000Z", "19:00:18.000"},
    {52, good_live, "19:00:18.000Z", "19:00:18Z"},
    {53, good_live, "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:18.000Z\n", ""},
    {54, good_live, "19:00:18.000Z", "19:00:16.500Z"},
    {56, good_ts, "#EXT-X-ENDLIST\n", ""},
    {57, good_live, "ID=\"c1.1\",", ""},
    {58, good_live, "START-DATE=\"2026-03-01T19:00:13.000Z\",", ""},
    {59, good_vod, "#EXT-X-ENDLIST\n", RANGE "X-A=\"b\"\n#EXT-X-ENDLIST\n"},
    {60, good_live, "DURATION=10.000", "DURATION=-1"},
    {60, good_live, "DURATION=10.000", "END-DATE=\"2026-03-01T19:00:12.000Z\""},
    {60, good_live, "DURATION=10.000", "END-DATE=\"2026-03-01T19:00:22.000Z\",DURATION=10"},
    {61, good_live, "DURATION=10.000", "END-DATE=\"2026-03-01T19:00:13.000Z\""},
    {62, good_live, "X-COM-EXAMPLE=\"abc\"", "X-COM-EXAMPLE=YES"},
    {63, good_live, "DURATION=10.000", "DURATION=10.000,END-ON-NEXT=YES"},
    {63, good_live, "DURATION=10.000", "END-ON-NEXT=NO"},
    {63, good_live, "CLASS=\"com.example\",START-DATE=\"2026-03-01T19:00:13.000Z\",DURATION=10.000",
     "START-DATE=\"2026-03-01T19:00:13.000Z\",END-ON-NEXT=YES"},
    {65, good_live, X, RANGE "X-COM-EXAMPLE=\"def\"\n" X},
    {66, good_live, X, "#EXT-X-DATERANGE:ID=\"c1.1\",START-DATE=\"2026-03-01T19:01:13.000Z\"\n" X},
    {69, good_live, "DURATION=10.000", "DURATION=10.000,CUE=\"PRE,POST\""},
    {69, good_live, "DURATION=10.000", "DURATION=10.000,CUE=\"TWICE\""},
    {70, good_live, "DURATION=10.000", "PLANNED-DURATION=2"},
    {71, good_live, "DURATION=10.000,", ""},
    {72, good_live, "DURATION=10.000", "DURATION=10.000,SCTE35-IN=0xFC"},
    {74, good_live, "CLASS=\"com.example\"", "CLASS=\"com.apple.hls.preload\",X-URI=\"u\",X-TARGET-ID=\"i\""},
    {75, good_low, "#EXT-X-PART-INF:PART-TARGET=2.000\n", ""},
    {76, good_low, "DURATION=2.000,URI=\"v-26.1", "DURATION=2.001,URI=\"v-26.1"},
    {77, good_low, "#EXT-X-PART:DURATION=2.000,URI=\"v-26.1.m4s\"\n",
     "#EXT-X-PART:DURATION=1.690,URI=\"v-26.1.m4s\"\n#EXT-X-PART:DURATION=1.700,URI=\"v-26.2.m4s\"\n"},
    {78, good_low, "DURATION=2.000,URI=\"v-26.1.m4s\"", "DURATION=2.000"},
    {78, good_low, "URI=\"v-26.1.m4s\"", "URI=\"v-26.1.m4s\",BYTERANGE=\"100\""},
    {79, good_low, "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:30.000Z\n"
     "#EXT-X-PART:DURATION=2.000,URI=\"v-25.0.m4s\",INDEPENDENT=YES\n",
     "#EXT-X-PART:DURATION=2.000,URI=\"v-25.0.m4s\",INDEPENDENT=YES\n"
     "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:30.000Z\n"},
    {79, good_low, "#EXT-X-PART:DURATION=2.000,URI=\"v-25.2.m4s\"\n#EXTINF:6.00000,\n",
     "#EXTINF:6.00000,\n#EXT-X-PART:DURATION=2.000,URI=\"v-25.2.m4s\"\n"},
    {81, good_low, "#EXTINF:6.00000,\nv-25", "#EXTINF:5.90000,\nv-25"},
    {84, good_low, "#EXTINF:6.00000,\nv-21", "#EXT-X-PART:DURATION=2,URI=\"a\"\n#EXT-X-PART:DURATION=2,URI=\"b\"\n"
     "#EXT-X-PART:DURATION=2,URI=\"c\"\n#EXTINF:6.00000,\nv-21"},
    {86, good_low, "PART-HOLD-BACK=6.000,", ""},
    {86, good_low, "PART-HOLD-BACK=6.000,", "PART-HOLD-BACK=3.900,"},
    {86, good_low, "PART-HOLD-BACK=6.000,", "PART-HOLD-BACK=5.000,"},
    {87, good_low, "PART-HOLD-BACK=6.000,", "PART-HOLD-BACK=6.000,HOLD-BACK=17.9,"},
    {88, good_low, "CAN-SKIP-UNTIL=36.000,", "CAN-SKIP-UNTIL=35.000,"},
    {88, good_low, "CAN-SKIP-UNTIL=36.000,", ""},
    {91, good_low, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-26.2.m4s\"\n", ""},
    {94, good_low, "#EXT-X-PRELOAD", "#EXT-X-ENDLIST\n#EXT-X-PRELOAD"},
    {94, good_low, "#EXT-X-PRELOAD", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-26.3.m4s\"\n#EXT-X-PRELOAD"},
    {98, good_low, "#EXT-X-VERSION:6\n", "#EXT-X-VERSION:5\n#EXT-X-I-FRAMES-ONLY\n"},
    {100, good_low, LOW_HEAD "36.000,CAN-SKIP-DATERANGES=YES\n#EXT-X-PART-INF:PART-TARGET=2.000\n#EXT-X-MEDIA-SEQUENCE:20\n",
     "#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=6.000\n"
     "#EXT-X-PART-INF:PART-TARGET=2.000\n#EXT-X-MEDIA-SEQUENCE:20\n" FIVE FIVE FIVE},
    {110, good_low, LOW_HEAD "36.000,CAN-SKIP-DATERANGES=YES\n", "#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:6\n"
     "#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=6.000\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"},
    {0, good_low, "#EXT-X-VERSION:6\n", "#EXT-X-VERSION:9\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"},
    {111, good_low, "#EXT-X-VERSION:6\n", "#EXT-X-VERSION:9\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"
     "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"},
    {111, good_low, "#EXT-X-VERSION:6\n", "#EXT-X-VERSION:10\n#EXT-X-SKIP:RECENTLY-REMOVED-DATERANGES=\"\"\n"},
    {111, good_low, LOW_HEAD "36.000", "#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:6\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"
     "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=6.000,CAN-SKIP-UNTIL=37.000"},
    {117, good_low, "TYPE=PART,", "TYPE=PART,BYTERANGE-LENGTH=200,"},
    {120, good_multi, "360p.m3u8\n", ""},
    {120, good_multi, "BANDWIDTH=3000000,AVERAGE-", "AVERAGE-"},
    {120, good_multi, "CODECS=\"avc1.64001f,mp4a.40.2\",", ""},
    {122, good_multi, "FRAME-RATE=30.000", "FRAME-RATE=29.9700"},
    {122, good_multi, "AVERAGE-BANDWIDTH=800000,", ""},
    {122, good_multi, "RESOLUTION=640x360,FRAME", "FRAME"},
    {127, good_multi, "NAME=\"Deutsch\"", "NAME=\"English\""},
    {127, good_multi, "LANGUAGE=\"de\"", "DEFAULT=YES"},
    {127, good_multi, "AUTOSELECT=YES,URI=\"a", "AUTOSELECT=NO,URI=\"a"},
    {127, good_multi, "NAME=\"Deutsch\",", ""},
    {128, good_multi, "AUDIO=\"aud\"\n720p", "AUDIO=\"stereo\"\n720p"},
    {128, good_multi, "CLOSED-CAPTIONS=NONE,AUDIO=\"aud\"\n720p", "CLOSED-CAPTIONS=\"cc\",AUDIO=\"aud\"\n720p"},
    {130, good_multi, "#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=800000,CODECS=\"avc1.64001e,mp4a.40.2\","
     "RESOLUTION=640x360,FRAME-RATE=30.000,CLOSED-CAPTIONS=NONE,AUDIO=\"aud\"\n360p.m3u8\n", ""},
    {139, good_ts, "DURATION:6", "DURATION:7"},
    {129, good_multi, "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-I-SOMETHING"},
};

static void run_edit(const struct edit *edit)
{
    char *text = edited(edit->base, edit->from, edit->to);
    struct vt_findings findings = {.count = 0};
    struct vt_m3u *m3u = read_text("http://127.0.0.1/v.m3u8", text, &findings);
    vt_check_snapshot(m3u, edit->final, &findings);
    require_only(&findings, edit->rule, edit->to);
    vt_m3u_free(&m3u);
    vt_findings_free(&findings);
    free(text);
}

void test_snapshots(void)
{
    static const char *const good[] = {good_live, good_low, good_vod, good_multi, good_i_frames, good_ts};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        run_edit(&(struct edit){0, good[i], "#EXTM3U", "#EXTM3U"});
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++)
        run_edit(&edits[i]);
}
