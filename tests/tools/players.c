// Players by the hundred: each follows media playlists over connections of its own and fetches every part, and at the
// end all say when they had what. Playlists with parts are reloaded as low latency asks, others after half a target
// duration, and then a segment counts as a part.
//
//     players COUNT SECONDS URL…      URLs of media playlists; each player follows all of them
//
// Prints a line for each part: "player track msn part listed got bytes", times in microseconds of CLOCK_MONOTONIC, then
// "errors N". A certificate is not looked at: the edge of a test has one of its own making.
#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRACKS_MAX  4
#define PLAYERS_MAX 1000
#define URL_ROOM    1024
#define PARTS_ROOM  4096                 // that one player can remember of a track
#define BODY_MAX    (16 * 1024 * 1024)
#define WAIT_S      30L
#define PAUSE_US    500000               // before a playlist without parts is asked for again

struct body {
    char *data;
    size_t size;
};

struct place {
    int64_t msn;
    int part;
};

struct seen {
    struct place place;
    int64_t listed_us, got_us;
    size_t bytes;
};

struct track {
    const char *url;
    struct place next;                   // the first that is not known yet
    bool begun, has_parts;
    int64_t ask_us;                      // when to ask for the playlist; 0: an answer is awaited, or no more are
    CURL *list, *fetch;
    struct body list_body, fetch_body;
    struct seen seen[PARTS_ROOM];
    char uri[PARTS_ROOM][96];
    int n_seen, n_fetched;
    bool fetching;
};

struct player {
    pthread_t thread;
    CURLM *multi;
    struct track *tracks;
    int n_tracks, errors, asked;         // asked: requests without an answer yet
    int64_t until_us;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t on_data(char *data, size_t one, size_t size, void *opaque)
{
    struct body *body = opaque;
    if (body->size + size > BODY_MAX)
        return 0;
    char *grown = realloc(body->data, body->size + size + 1);
    if (!grown)
        return 0;
    memcpy(grown + body->size, data, size);
    body->data = grown;
    body->size += size;
    body->data[body->size] = 0;
    return size;
}

static CURL *new_handle(struct body *body, void *owner)
{
    CURL *handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, owner);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, WAIT_S);
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    return handle;
}

// ---- what a playlist lists

static bool is_before(struct place a, struct place b)
{
    return a.msn != b.msn ? a.msn < b.msn : a.part < b.part;
}

static void note_part(struct track *track, struct place place, const char *uri, size_t length)
{
    if (is_before(place, track->next) || track->n_seen == PARTS_ROOM || length >= sizeof track->uri[0])
        return;
    track->seen[track->n_seen] = (struct seen){.place = place, .listed_us = now_us()};
    memcpy(track->uri[track->n_seen], uri, length);
    track->uri[track->n_seen++][length] = 0;
}

// Where the part's or the next segment's number stands after the whole text; notes the parts that are new.
static struct place walk(struct track *track, const char *text)
{
    struct place at = {0, 0};
    track->has_parts = strstr(text, "#EXT-X-PART-INF:") != NULL;
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *uri = strstr(line, "URI=\"");
        if (strncmp(line, "#EXT-X-MEDIA-SEQUENCE:", 22) == 0) {
            at.msn = strtoll(line + 22, NULL, 10);
        } else if (strncmp(line, "#EXT-X-PART:", 12) == 0 && uri) {
            if (track->begun)
                note_part(track, at, uri + 5, strcspn(uri + 5, "\"\n"));
            at.part++;
        } else if (line[0] != '#' && line[0] != '\n') {
            if (track->begun && !track->has_parts)
                note_part(track, at, line, strcspn(line, "\n"));
            at = (struct place){at.msn + 1, 0};
        }
    }
    return at;
}

// ---- requests

static void ask_list(struct player *player, struct track *track)
{
    char url[URL_ROOM];
    if (track->begun && track->has_parts)
        snprintf(url, sizeof url, "%s?_HLS_msn=%" PRId64 "&_HLS_part=%d", track->url, track->next.msn, track->next.part);
    else
        snprintf(url, sizeof url, "%s", track->url);
    track->list_body.size = 0;
    track->ask_us = 0;
    curl_easy_setopt(track->list, CURLOPT_URL, url);
    curl_multi_add_handle(player->multi, track->list);
    player->asked++;
}

static void ask_part(struct player *player, struct track *track)
{
    char url[URL_ROOM + 96];
    if (track->fetching || track->n_fetched == track->n_seen)
        return;
    snprintf(url, sizeof url, "%.*s/%s", (int)(strrchr(track->url, '/') - track->url), track->url,
             track->uri[track->n_fetched]);
    track->fetch_body.size = 0;
    track->fetching = true;
    curl_easy_setopt(track->fetch, CURLOPT_URL, url);
    curl_multi_add_handle(player->multi, track->fetch);
    player->asked++;
}

static void on_list(struct player *player, struct track *track)
{
    struct place at = walk(track, track->list_body.data ? track->list_body.data : "");
    if (track->begun && track->has_parts && !is_before(track->next, at))
        player->errors++;                // not what was asked for
    track->next = at;
    track->begun = true;
    ask_part(player, track);
    if (now_us() < player->until_us)
        track->ask_us = now_us() + (track->has_parts ? 0 : PAUSE_US);
}

static void on_part(struct player *player, struct track *track)
{
    track->seen[track->n_fetched].got_us = now_us();
    track->seen[track->n_fetched++].bytes = track->fetch_body.size;
    track->fetching = false;
    ask_part(player, track);
}

static void on_done(struct player *player, CURL *handle, CURLcode result)
{
    struct track *track = NULL;
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&track);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(player->multi, handle);
    player->asked--;
    if (result != CURLE_OK || status != 200) {
        fprintf(stderr, "%s %d: %s, status %ld\n", handle == track->list ? "playlist" : "part",
                track->n_fetched, curl_easy_strerror(result), status);
        player->errors++;
        return;                          // that track has ended for this player
    }
    if (handle == track->list)
        on_list(player, track);
    else
        on_part(player, track);
}

// Asks for the playlists whose time has come; returns whether any will be asked for.
static bool ask_lists(struct player *player)
{
    bool later = false;
    for (int i = 0; i < player->n_tracks; i++) {
        struct track *track = &player->tracks[i];
        if (track->ask_us && track->ask_us <= now_us())
            ask_list(player, track);
        later |= track->ask_us != 0;
    }
    return later;
}

static void *play(void *opaque)
{
    struct player *player = opaque;
    bool later = ask_lists(player);
    while (later || player->asked > 0) {
        const CURLMsg *message;
        int running, left;
        curl_multi_perform(player->multi, &running);
        while ((message = curl_multi_info_read(player->multi, &left)))
            if (message->msg == CURLMSG_DONE)
                on_done(player, message->easy_handle, message->data.result);
        later = ask_lists(player);
        curl_multi_poll(player->multi, NULL, 0, later ? 50 : 1000, NULL);
    }
    return NULL;
}

static bool prepare(struct player *player, char **urls, int n_urls, int64_t until_us)
{
    *player = (struct player){.multi = curl_multi_init(), .n_tracks = n_urls, .until_us = until_us,
                              .tracks = calloc((size_t)n_urls, sizeof *player->tracks)};
    for (int i = 0; i < n_urls && player->tracks; i++) {
        struct track *track = &player->tracks[i];
        track->url = urls[i];
        track->ask_us = 1;
        track->list = new_handle(&track->list_body, track);
        track->fetch = new_handle(&track->fetch_body, track);
    }
    return player->multi && player->tracks;
}

static void report(const struct player *player, int number)
{
    for (int i = 0; i < player->n_tracks; i++)
        for (int j = 0; j < player->tracks[i].n_fetched; j++) {
            const struct seen *seen = &player->tracks[i].seen[j];
            printf("%d %d %" PRId64 " %d %" PRId64 " %" PRId64 " %zu\n", number, i, seen->place.msn, seen->place.part,
                   seen->listed_us, seen->got_us, seen->bytes);
        }
}

static void end(struct player *player)
{
    for (int i = 0; i < player->n_tracks; i++) {
        curl_easy_cleanup(player->tracks[i].list);
        curl_easy_cleanup(player->tracks[i].fetch);
        free(player->tracks[i].list_body.data);
        free(player->tracks[i].fetch_body.data);
    }
    curl_multi_cleanup(player->multi);
    free(player->tracks);
}

int main(int argc, char **argv)
{
    int count = argc > 3 ? atoi(argv[1]) : 0, seconds = argc > 3 ? atoi(argv[2]) : 0, errors = 0;
    if (count < 1 || count > PLAYERS_MAX || seconds < 1 || argc - 3 > TRACKS_MAX) {
        fprintf(stderr, "usage: %s COUNT SECONDS URL…, at most %d players of %d playlists\n", argv[0], PLAYERS_MAX, TRACKS_MAX);
        return 2;
    }
    struct player *players = calloc((size_t)count, sizeof *players);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int64_t until_us = now_us() + (int64_t)seconds * 1000000;
    for (int i = 0; i < count; i++)
        if (!players || !prepare(&players[i], argv + 3, argc - 3, until_us) ||
            pthread_create(&players[i].thread, NULL, play, &players[i]) != 0)
            return 1;
    for (int i = 0; i < count; i++) {
        pthread_join(players[i].thread, NULL);
        errors += players[i].errors;
        report(&players[i], i);
        end(&players[i]);
    }
    printf("errors %d\n", errors);
    free(players);
    return 0;
}
