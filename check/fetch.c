#include "check/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct vt_fetcher {
    const char *ca;
    CURLM *multi;
};

double vt_fetch_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int vt_fetcher_new(struct vt_fetcher **ret, const char *ca)
{
    struct vt_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(fetcher);
        return -ENOMEM;
    }
    fetcher->ca = ca;
    fetcher->multi = curl_multi_init();
    if (!fetcher->multi) {
        vt_fetcher_free(&fetcher);
        return -ENOMEM;
    }
    *ret = fetcher;
    return 0;
}

void vt_fetcher_free(struct vt_fetcher **fetcher)
{
    if (!*fetcher)
        return;
    curl_multi_cleanup((*fetcher)->multi);
    curl_global_cleanup();
    free(*fetcher);
    *fetcher = NULL;
}

void vt_fetch_clear(struct vt_fetch *fetch)
{
    free(fetch->body);
    free(fetch->headers);
    fetch->body = fetch->headers = NULL;
    fetch->size = fetch->headers_size = 0;
}

static size_t append(char **data, size_t *size, const char *more, size_t length, size_t limit)
{
    if (length > limit || *size > limit - length)
        return 0;
    char *grown = realloc(*data, *size + length + 1);
    if (!grown)
        return 0;
    memcpy(grown + *size, more, length);
    *data = grown;
    *size += length;
    grown[*size] = 0;
    return length;
}

static size_t on_body(char *data, size_t one, size_t count, void *opaque)
{
    struct vt_fetch *fetch = opaque;
    if (!fetch->first_byte)
        fetch->first_byte = vt_fetch_now();
    return append(&fetch->body, &fetch->size, data, one * count, fetch->limit);
}

static size_t on_header(char *data, size_t one, size_t count, void *opaque)
{
    struct vt_fetch *fetch = opaque;
    size_t length = one * count;
    if (length >= 5 && strncmp(data, "HTTP/", 5) == 0)
        fetch->headers_size = 0;       // of a redirect: only the last answer's stay
    return append(&fetch->headers, &fetch->headers_size, data, length, VT_FETCH_HEAD_BYTES);
}

static CURL *prepare(const struct vt_fetcher *fetcher, struct vt_fetch *fetch)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_URL, fetch->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)VT_FETCH_REDIRECTS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)((fetch->seconds > 0 ? fetch->seconds : VT_FETCH_SECONDS) * 1000));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (fetcher->ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, fetcher->ca);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "vitrine-check/" VT_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    if (fetch->range[0])
        curl_easy_setopt(easy, CURLOPT_RANGE, fetch->range);
    if (fetch->head)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return easy;
}

static int version_number(long version)
{
    return version == CURL_HTTP_VERSION_1_0 ? 10 : version == CURL_HTTP_VERSION_1_1 ? 11 :
        version == CURL_HTTP_VERSION_2_0 ? 20 : version == CURL_HTTP_VERSION_3 ? 30 : 0;
}

static void finish(CURL *easy, CURLcode code)
{
    struct vt_fetch *fetch = NULL;
    long status = 0, redirects = 0, version = 0;
    char *url = NULL;
    double connected = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &fetch);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connected);
    fetch->done = vt_fetch_now();
    if (!fetch->first_byte)
        fetch->first_byte = fetch->done;
    fetch->status = (int)status;
    fetch->redirects = (int)redirects;
    fetch->http_version = version_number(version);
    fetch->connect_time = connected;
    snprintf(fetch->final_url, sizeof fetch->final_url, "%s", url ? url : fetch->url);
    if (code != CURLE_OK)
        snprintf(fetch->error, sizeof fetch->error, "%s", curl_easy_strerror(code));
    if (code == CURLE_OK && status == 0)
        fetch->status = 200;           // a file
    if (code == CURLE_FILE_COULDNT_READ_FILE)
        fetch->status = 404;
}

static void collect(CURLM *multi)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
        CURL *easy = message->easy_handle;
        if (message->msg != CURLMSG_DONE)
            continue;
        finish(easy, message->data.result);
        curl_multi_remove_handle(multi, easy);
        curl_easy_cleanup(easy);
    }
}

void vt_fetch_all(struct vt_fetcher *fetcher, struct vt_fetch *list, int count)
{
    int running = 0;
    for (int i = 0; i < count; i++) {
        struct vt_fetch *one = &list[i];
        vt_fetch_clear(one);
        one->status = one->redirects = one->http_version = 0;
        one->error[0] = 0;
        one->first_byte = 0;
        one->started = vt_fetch_now();
        CURL *easy = prepare(fetcher, one);
        if (!easy || curl_multi_add_handle(fetcher->multi, easy))
            snprintf(one->error, sizeof one->error, "out of memory");
    }
    do {
        if (curl_multi_perform(fetcher->multi, &running) != CURLM_OK)
            break;
        collect(fetcher->multi);
        if (running)
            curl_multi_poll(fetcher->multi, NULL, 0, 1000, NULL);
    } while (running);
    collect(fetcher->multi);
    for (int i = 0; i < count; i++)
        if (!list[i].body)
            list[i].body = calloc(1, 1);
}

bool vt_fetch_header(const struct vt_fetch *fetch, const char *name, char *out, size_t room)
{
    size_t length = strlen(name);
    for (const char *at = fetch->headers; at && *at;) {
        size_t line = strcspn(at, "\r\n");
        if (line > length && at[length] == ':' && strncasecmp(at, name, length) == 0) {
            const char *value = at + length + 1 + strspn(at + length + 1, " \t");
            snprintf(out, room, "%.*s", (int)(at + line - value > 0 ? at + line - value : 0), value);
            return true;
        }
        at += line + strspn(at + line, "\r\n");
    }
    return false;
}
