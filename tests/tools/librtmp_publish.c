// A publisher on librtmp for tests, as rtmpdump, older encoders and OBS have it inside: sends an FLV file in real time.
//
//     librtmp_publish URL FILE SECONDS
//
// Ends with 0 when all of it, or so many seconds of it, was sent; 1 when it was refused or the connection broke.
#include <librtmp/log.h>
#include <librtmp/rtmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_HEAD 13
#define TAG_HEAD  11
#define TAG_TAIL  4
#define TAG_MAX   (4 << 20)

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_until(double at_s)
{
    double left_s = at_s - now_s();
    if (left_s <= 0)
        return;
    struct timespec t = {(time_t)left_s, (long)((left_s - (double)(time_t)left_s) * 1e9)};
    nanosleep(&t, NULL);
}

// Reads one whole tag. Returns its size, 0 at the end of the file.
static int read_tag(FILE *file, unsigned char *tag)
{
    if (fread(tag, 1, TAG_HEAD, file) != TAG_HEAD)
        return 0;
    int size = tag[1] << 16 | tag[2] << 8 | tag[3];
    if (size > TAG_MAX - TAG_HEAD - TAG_TAIL || fread(tag + TAG_HEAD, 1, (size_t)size + TAG_TAIL, file) != (size_t)size + TAG_TAIL)
        return 0;
    return TAG_HEAD + size + TAG_TAIL;
}

static int send_file(RTMP *rtmp, FILE *file, double seconds)
{
    static unsigned char tag[TAG_MAX];
    double start_s = now_s();
    int size;
    if (fread(tag, 1, FILE_HEAD, file) != FILE_HEAD)
        return 1;
    while ((size = read_tag(file, tag)) > 0) {
        double at_s = (tag[4] << 16 | tag[5] << 8 | tag[6] | tag[7] << 24) / 1000.;
        if (at_s > seconds)
            break;
        wait_until(start_s + at_s);
        if (RTMP_Write(rtmp, (char *)tag, size) <= 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: librtmp_publish URL FILE SECONDS\n", stderr);
        return 2;
    }
    RTMP_LogSetLevel(RTMP_LOGWARNING);
    RTMP *rtmp = RTMP_Alloc();
    FILE *file = fopen(argv[2], "rb");
    int code = 1;
    if (rtmp && file) {
        RTMP_Init(rtmp);
        if (RTMP_SetupURL(rtmp, argv[1])) {
            RTMP_EnableWrite(rtmp);
            code = RTMP_Connect(rtmp, NULL) && RTMP_ConnectStream(rtmp, 0) ? send_file(rtmp, file, atof(argv[3])) : 1;
        }
        RTMP_Close(rtmp);
    }
    if (file)
        fclose(file);
    RTMP_Free(rtmp);
    return code;
}
