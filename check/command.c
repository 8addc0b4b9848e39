#include "check/command.h"

#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/follow.h"
#include "check/values.h"

#define SECONDS 30.0                   // that a live presentation is followed, unless it is said
#define SECONDS_MAX 86400.0

static const char help[] =
    "usage: vitrine check " VT_CHECK_USAGE "\n"
    "       vitrine check --rules\n"
    "\n"
    "Follows a live or finished HLS presentation as a player does, of any server, and tells which rules of\n"
    "draft-pantos-hls-rfc8216bis it breaks, where, and what to do about it. Exit code 1: a MUST is broken.\n"
    "\n"
    "  URL|FILE          a multivariant or media playlist; a FILE is held to be finished\n"
    "  --seconds N       how long a live one is followed (default 30)\n"
    "  --low-latency     the rules of the low-latency server profile count as MUST over https; over plain http, where\n"
    "                    an edge is expected in front, they are notes\n"
    "  --ca FILE         certificates that count instead of the system's, in PEM\n"
    "  --quiet           no progress\n"
    "  --rules           print the rules\n";

struct wish {
    const char *what, *ca;
    double seconds;
    bool low_latency, quiet;
};

static int bad_usage(const char *what)
{
    fprintf(stderr, "vitrine check: %s\n%s", what, help);
    return 2;
}

// Returns -1 to go on, else the exit code.
static int read_arguments(int argc, char **argv, struct wish *wish)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'}, {"low-latency", no_argument, NULL, 'l'}, {"ca", required_argument, NULL, 'c'},
        {"quiet", no_argument, NULL, 'q'},
        {"rules", no_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {0},
    };
    int option;
    optind = 0;
    char name[] = "vitrine check", *all[64] = {name};
    if (argc > 62)
        return bad_usage("too many arguments");
    memcpy(all + 1, argv, (size_t)argc * sizeof *argv);
    while ((option = getopt_long(argc + 1, all, "h", options, NULL)) != -1) {
        switch (option) {
        case 's':
            if (!vt_value_decimal(optarg, &wish->seconds) || wish->seconds < 1 || wish->seconds > SECONDS_MAX)
                return bad_usage("--seconds takes a number from 1 to 86400");
            break;
        case 'l': wish->low_latency = true; break;
        case 'c': wish->ca = optarg; break;
        case 'q': wish->quiet = true; break;
        case 'r': vt_check_print_rules(); return 0;
        case 'h': fputs(help, stdout); return 0;
        default:  fputs(help, stderr); return 2;
        }
    }
    if (optind + 1 != argc + 1)
        return bad_usage("give one URL or file");
    wish->what = all[optind];
    return -1;
}

// An address as it is, a path as a file's; the caller frees it.
static char *address_of(const char *what)
{
    if (strncmp(what, "http://", 7) == 0 || strncmp(what, "https://", 8) == 0 || strncmp(what, "file://", 7) == 0)
        return strdup(what);
    char *path = realpath(what, NULL), *uri = path ? g_filename_to_uri(path, NULL, NULL) : NULL;
    char *copy = uri ? strdup(uri) : NULL;
    g_free(uri);
    free(path);
    return copy;
}

static void print_sum(const struct vt_findings *findings, const struct vt_check_sum *sum, bool profile)
{
    int broken = vt_findings_broken(findings, profile), other = 0;
    for (int i = 1; i <= VT_RULES; i++)
        other += findings->times[i] > 0 || findings->soft_times[i] > 0;
    printf("%s%d playlists in %d versions, %d init segments, %d segments, %d parts, %d delta updates, %d hints in %.0f s (%s)\n",
           other ? "\n" : "", sum->playlists, sum->versions, sum->init_segments, sum->segments, sum->parts, sum->deltas,
           sum->hints, sum->seconds, !sum->live ? "finished" : sum->low_latency ? "live, low latency" : "live");
    printf("%d rules broken, %d warnings and notes\n", broken, other - broken > 0 ? other - broken : 0);
}

int vt_check_main(int argc, char **argv)
{
    struct wish wish = {.seconds = SECONDS};
    int code = read_arguments(argc, argv, &wish);
    if (code >= 0)
        return code;
    char *url = address_of(wish.what);
    if (!url) {
        fprintf(stderr, "vitrine check: %s: %s\n", wish.what, strerror(errno));
        return 2;
    }
    struct vt_check_params params = {.url = url, .seconds = wish.seconds, .final = strncmp(url, "file:", 5) == 0,
                                     .ca = wish.ca,
                                     .progress = wish.quiet ? NULL : stderr};
    struct vt_findings findings = {.count = 0};
    struct vt_check_sum sum;
    bool profile = wish.low_latency && strncmp(url, "https:", 6) == 0;
    int error = vt_check_follow(&params, &findings, &sum);
    vt_findings_print(&findings, profile, stdout);
    if (error)
        fprintf(stderr, "vitrine check: %s\n", sum.trouble[0] ? sum.trouble : strerror(-error));
    else
        print_sum(&findings, &sum, profile);
    if (!error && wish.low_latency && sum.live && !sum.low_latency)
        fprintf(stderr, "vitrine check: --low-latency, and no playlist offers blocking reload with parts\n");
    code = error || vt_findings_broken(&findings, profile) ? 1 : 0;
    vt_findings_free(&findings);
    free(url);
    return code;
}
