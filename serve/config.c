#include "serve/config.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "ingest/gate.h"
#include "serve/hook.h"
#include "serve/listen.h"

// What the file may say, beside channels.
struct values {
    struct vt_texts rtmp, srt, http, admin, rtmps, proxies;
    int64_t connections, per_address, setup_ns;
    char *certificate, *key;
    char *data, *token_file, *products, *user, *signing_keys;
    int64_t viewer_connections;
    char *hook_url, *hook_secret;
    int sandbox;
    int64_t hook_timeout_ns, hook_cache_ns;
};

static const char *const sandbox_modes[] = {"on", "required", "log", "off", NULL};

#define VALUE(field) VT_OPTION_TEXT, offsetof(struct values, field)
static const struct vt_option top_table[] = {
    {"data", VALUE(data), "./var", .doc = "folder of state.db, live/ (segments) and the token"},
    {"products", VALUE(products), NULL, .doc = "JSON file that is loaded into an empty store"},
    {"sandbox", VT_OPTION_CHOICE, offsetof(struct values, sandbox), "on", .choices = sandbox_modes,
     .doc = "how processes are locked in (sandbox.md); the variable VITRINE_SANDBOX goes before it"},
    {"user", VALUE(user), NULL, .doc = "who every process but the supervisor becomes when started as root"},
    {NULL},
};
// Each of them one address, or a list: read by read_texts, the table is for the documentation.
static const struct vt_option listen_table[] = {
    {"rtmp", VALUE(rtmp), "127.0.0.1:1935", .doc = "where publishers push; like the others an address or a list"},
    {"rtmps", VALUE(rtmps), NULL, .doc = "where publishers push over TLS"},
    {"srt", VALUE(srt), "127.0.0.1:8890", .doc = "where publishers push over SRT; none: nowhere"},
    {"http", VALUE(http), "127.0.0.1:8080", .doc = "where viewers watch"},
    {"admin", VALUE(admin), "127.0.0.1:8081", .doc = "where the API answers"},
    {"proxies", VALUE(proxies), NULL, .doc = "balancers in front of rtmp and rtmps, as addresses or networks (10.0.0.0/8): "
                                             "their connections must begin with a PROXY header"},
    {NULL},
};
static const struct vt_option listen_map_table[] = {
    {"srt_channels", VT_OPTION_TEXT, .doc = "a map of channels and an address each, at most 4: callers of SRT who can name no key "
                                            "publish there, and need the channel's passphrase"},
    {NULL},
};
static const char *const listen_keys[] = {"rtmp", "rtmps", "srt", "http", "admin", "proxies", "srt_channels", NULL};
static const struct vt_option no_table[] = {{NULL}};
static const struct vt_option limits_table[] = {
    {"connections", VT_OPTION_INT, offsetof(struct values, connections), "1024", VT_GATE_CONNECTIONS_MIN,
     VT_GATE_CONNECTIONS_MAX, .doc = "of publishers that have not been let in yet, over RTMP, and as many over RTMPS; past it "
                                     "the oldest makes room"},
    {"per_address", VT_OPTION_INT, offsetof(struct values, per_address), "16", 1, VT_GATE_CONNECTIONS_MAX,
     .doc = "of these from one address (IPv6: one network of 64 bits); past it the newest is closed"},
    {"setup", VT_OPTION_DURATION, offsetof(struct values, setup_ns), "10s", VT_GATE_SETUP_MIN_NS, VT_GATE_SETUP_MAX_NS,
     .doc = "from a connection to its publisher being let in"},
    {NULL},
};
static const struct vt_option tls_table[] = {
    {"certificate", VALUE(certificate), NULL, .doc = "PEM file: the certificate and its chain; read again on SIGHUP"},
    {"key", VALUE(key), NULL, .doc = "PEM file: its key, without a passphrase"},
    {NULL},
};
static const struct vt_option admin_table[] = {
    {"token_file", VALUE(token_file), NULL, .doc = "made on first start, mode 0600; default: admin.token under data"},
    {NULL},
};
static const struct vt_option playback_table[] = {
    {"signing_keys", VALUE(signing_keys), NULL,
     .doc = "file with one key a line, 16 to 256 characters: shows are then played at signed addresses only (origin.md)"},
    {"per_address", VT_OPTION_INT, offsetof(struct values, viewer_connections), "2000", 0, 25000,
     .doc = "connections that one address (one /64 of IPv6) may have, other than this machine's; 0: any number"},
    {NULL},
};
static const struct vt_option webhook_table[] = {
    {"url", VALUE(hook_url), NULL, .doc = "who is asked about every publisher (see webhook.md): http or https"},
    {"secret", VALUE(hook_secret), NULL, .doc = "signs what it is asked, at least 16 characters"},
    {"timeout", VT_OPTION_DURATION, offsetof(struct values, hook_timeout_ns), "3s", 100 * VT_NS_PER_MS, 7 * VT_NS_PER_S,
     .doc = "without an answer by then nobody is let in"},
    {"cache", VT_OPTION_DURATION, offsetof(struct values, hook_cache_ns), "30s", 0, 30 * VT_NS_PER_S,
     .doc = "how long an answer holds for the same key from the same address; none: it is asked each time"},
    {NULL},
};
static const struct section {
    const char *name;
    const struct vt_option *table;
} sections[] = {{"tls", tls_table}, {"limits", limits_table}, {"admin", admin_table}, {"playback", playback_table},
                {"webhook", webhook_table}};
#define SECTIONS (sizeof sections / sizeof sections[0])

static const char *const other_keys[] = {"listen", "limits", "tls", "admin", "playback", "webhook", "channels", NULL};

struct reading {
    const struct vt_yaml *root;
    const char *folder;
    struct values values;
    struct vt_config *config;
    struct vt_diagnostics *diagnostics;
    int errors;
};

// ---- paths

char *vt_folder_of(const char *path)
{
    char *real = realpath(path, NULL), *slash = real ? strrchr(real, '/') : NULL;
    if (slash)
        slash[slash == real] = 0;
    return real;
}

static char *join(const char *folder, const char *path)
{
    char *joined = NULL;
    if (path[0] == '/')
        return strdup(path);
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return asprintf(&joined, "%s/%s", folder, path) < 0 ? NULL : joined;
}

static char *from_working_directory(const char *path)
{
    char *here = getcwd(NULL, 0), *joined = here ? join(here, path) : NULL;
    free(here);
    return joined;
}

// ---- reading

static void complain(struct reading *r, enum vt_severity severity, const struct vt_yaml *at, const char *text)
{
    r->errors += severity == VT_ERROR;
    vt_diagnose(r->diagnostics, severity, at ? at->line : 0, at ? at->column : 0, "%s", text);
}

static const struct vt_yaml *given(const struct vt_yaml *map, const char *key)
{
    const struct vt_yaml *entry = map ? vt_yaml_get(map, key) : NULL;
    return entry && !vt_yaml_is_null(entry) ? entry : NULL;
}

static void read_sections(struct reading *r)
{
    if (vt_options_from_yaml(top_table, other_keys, &r->values, r->root, r->diagnostics))
        r->errors++;
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct vt_yaml *section = given(r->root, sections[i].name);
        if (section && vt_options_from_yaml(sections[i].table, NULL, &r->values, section, r->diagnostics))
            r->errors++;
    }
}

// ---- addresses: one, or a list

static void free_texts(struct vt_texts *texts)
{
    for (int i = 0; i < texts->count; i++)
        free(texts->text[i]);
    texts->count = 0;
}

static bool is_address(const char *text)
{
    struct vt_address parsed;
    return vt_address_parse(text, &parsed) == 0;
}

static bool is_network(const char *text)
{
    struct vt_network parsed;
    return vt_network_parse(text, &parsed) == 0;
}

static void add_text(struct reading *r, struct vt_texts *texts, const char *key, const struct vt_yaml *at, bool network)
{
    char text[VT_DIAGNOSTIC_TEXT], shown[64];
    const char *given = at->kind == VT_YAML_SCALAR && !vt_yaml_is_null(at) ? at->text : NULL;
    if (given && (network ? is_network(given) : is_address(given))) {
        if ((texts->text[texts->count] = strdup(given)))
            texts->count++;
        else
            complain(r, VT_ERROR, at, "out of memory");
        return;
    }
    snprintf(text, sizeof text, "%s must be %s, is %s", key,
             network ? "an address or a network such as 10.0.0.0/8" : "an address and a port such as 127.0.0.1:8080 or [::]:8080",
             given ? vt_escape(shown, sizeof shown, given, strlen(given)) : "empty");
    complain(r, VT_ERROR, at, text);
}

static bool is_none(const char *key, const struct vt_yaml *entry)
{
    bool srt = strcmp(key, "srt") == 0, optional = srt || strcmp(key, "rtmps") == 0 || strcmp(key, "proxies") == 0;
    return optional && entry->kind == VT_YAML_SCALAR &&
           (vt_yaml_is_null(entry) || (srt && strcmp(entry->text, "none") == 0));
}

static void read_texts(struct reading *r, const char *key, const char *fallback, struct vt_texts *texts)
{
    char text[VT_DIAGNOSTIC_TEXT];
    bool network = strcmp(key, "proxies") == 0;
    int most = network ? VT_NETWORKS_MAX : VT_LISTENERS_MAX;
    const struct vt_yaml *listen = given(r->root, "listen");
    const struct vt_yaml *entry = listen && listen->kind == VT_YAML_MAP ? vt_yaml_get(listen, key) : NULL;
    *texts = (struct vt_texts){0};
    if (!entry && fallback) {
        texts->text[0] = strdup(fallback);
        texts->count = texts->text[0] != NULL;
    } else if (!entry || is_none(key, entry)) {
        return;
    } else if (entry->kind != VT_YAML_LIST) {
        add_text(r, texts, key, entry, network);
    } else if (entry->count < 1 || entry->count > most) {
        snprintf(text, sizeof text, "%s must be one address or a list of 1 to %d", key, most);
        complain(r, VT_ERROR, entry, text);
    } else {
        for (const struct vt_yaml *one = entry->first; one; one = one->next)
            add_text(r, texts, key, one, network);
    }
}

static void read_listen(struct reading *r)
{
    const struct vt_yaml *listen = given(r->root, "listen");
    if (listen && vt_options_from_yaml(no_table, listen_keys, &r->values, listen, r->diagnostics))
        r->errors++;
    for (const struct vt_option *option = listen_table; option->name; option++)
        read_texts(r, option->name, option->fallback, (struct vt_texts *)((char *)&r->values + option->offset));
}

static void check_tls(struct reading *r)
{
    const struct vt_yaml *tls = given(r->root, "tls");
    if (r->values.rtmps.count > 0) {
        if (!r->values.certificate || !r->values.key)
            complain(r, VT_ERROR, tls ? tls : vt_yaml_get(given(r->root, "listen"), "rtmps"),
                     "rtmps needs tls: {certificate: FILE, key: FILE}");
    } else if (r->values.certificate || r->values.key) {
        complain(r, VT_WARNING, tls, "tls has no effect: there is no rtmps under listen");
    }
}

static const struct vt_channel *channel_named(const struct vt_config *config, const char *name)
{
    for (int i = 0; i < config->n_channels; i++) {
        if (strcmp(config->channels[i].name, name) == 0)
            return &config->channels[i];
    }
    return NULL;
}

static void read_srt_port(struct reading *r, const struct vt_yaml *entry)
{
    char text[VT_DIAGNOSTIC_TEXT], shown[64];
    const struct vt_channel *channel = channel_named(r->config, entry->key);
    struct vt_srt_port *port = &r->config->srt_ports[r->config->n_srt_ports];
    bool right = entry->kind == VT_YAML_SCALAR && !vt_yaml_is_null(entry) && is_address(entry->text);
    vt_escape(shown, sizeof shown, entry->key, strlen(entry->key));
    if (!channel)
        snprintf(text, sizeof text, "there is no channel %s under channels", shown);
    else if (!channel->srt_passphrase)
        snprintf(text, sizeof text, "channel %s needs srt: {passphrase: …}: there is no key at an address of its own", shown);
    else if (!right)
        snprintf(text, sizeof text, "the address of %s must be one such as 127.0.0.1:8891", shown);
    if (!channel || !channel->srt_passphrase || !right) {
        complain(r, VT_ERROR, entry, text);
        return;
    }
    vt_name_copy(port->channel, channel->name);
    if ((port->address = strdup(entry->text)))
        r->config->n_srt_ports++;
    else
        complain(r, VT_ERROR, entry, "out of memory");
}

// After the channels.
static void read_srt_ports(struct reading *r)
{
    const struct vt_yaml *listen = given(r->root, "listen");
    const struct vt_yaml *map = listen && listen->kind == VT_YAML_MAP ? vt_yaml_get(listen, "srt_channels") : NULL;
    if (!map)
        return;
    if (map->kind != VT_YAML_MAP || map->count > VT_SRT_PORTS) {
        complain(r, VT_ERROR, map, "srt_channels must be a map of at most 4 channels and their addresses");
        return;
    }
    for (const struct vt_yaml *one = map->first; one; one = one->next)
        read_srt_port(r, one);
}

static bool is_web_address(const char *url)
{
    char *scheme = NULL;
    CURLU *parsed = curl_url();
    bool right = parsed && strlen(url) <= VT_HOOK_URL_MAX && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return right;
}

static void check_webhook(struct reading *r)
{
    const struct vt_yaml *webhook = given(r->root, "webhook");
    const char *url = r->values.hook_url, *secret = r->values.hook_secret;
    if (!webhook)
        return;
    if (!url)
        complain(r, VT_ERROR, webhook, "webhook needs url: whom to ask");
    else if (!is_web_address(url))
        complain(r, VT_ERROR, given(webhook, "url"), "url must be an address such as https://example.com/publish");
    if (secret && strlen(secret) < VT_HOOK_SECRET_MIN)
        complain(r, VT_ERROR, given(webhook, "secret"), "secret must have at least 16 characters");
}

static void check_limits(struct reading *r)
{
    const struct vt_yaml *limits = given(r->root, "limits");
    if (r->values.per_address > r->values.connections)
        complain(r, VT_ERROR, vt_yaml_get(limits, "per_address"), "per_address is more than connections");
}

static bool key_is_taken(const struct vt_config *config, const struct vt_channel *channel, const char **ret_owner)
{
    for (int i = 0; i < config->n_channels; i++) {
        const struct vt_channel *other = &config->channels[i];
        for (int j = 0; j < other->n_keys; j++) {
            for (int k = 0; k < channel->n_keys; k++) {
                if (strcmp(other->keys[j], channel->keys[k]) != 0)
                    continue;
                *ret_owner = other->name;
                return true;
            }
        }
    }
    return false;
}

static void read_channel(struct reading *r, const struct vt_yaml *entry)
{
    char text[VT_DIAGNOSTIC_TEXT];
    const char *owner;
    if (!vt_name_valid(entry->key)) {
        vt_diagnose(r->diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                    "a channel's name must be 1 to 32 letters, digits, _ or -");
        r->errors++;
        return;
    }
    struct vt_channel *channel = &r->config->channels[r->config->n_channels];
    vt_channel_init(channel, entry->key);
    if (vt_channel_from_yaml(channel, entry, r->folder, r->diagnostics))
        r->errors++;
    if (key_is_taken(r->config, channel, &owner)) {
        snprintf(text, sizeof text, "channel %s has a key that %s has too", channel->name, owner);
        complain(r, VT_ERROR, entry, text);
    } else if (channel->n_keys == 0 && r->errors == 0) {
        snprintf(text, sizeof text, "channel %s has no keys: nobody can publish to it with one", channel->name);
        complain(r, VT_WARNING, entry, text);
    }
    r->config->n_channels++;
}

static void read_channels(struct reading *r)
{
    const struct vt_yaml *map = given(r->root, "channels");
    if (!map)
        return;
    if (map->kind != VT_YAML_MAP) {
        complain(r, VT_ERROR, map, "channels must be a map of names and channels");
        return;
    }
    if (map->count > VT_CHANNELS_MAX) {
        complain(r, VT_ERROR, map, "at most 32 channels fit into one configuration");
        return;
    }
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next)
        read_channel(r, entry);
}

static struct vt_texts move_texts(struct vt_texts *from)
{
    struct vt_texts texts = *from;
    from->count = 0;
    return texts;
}

static char *move(char **from)
{
    char *text = *from;
    *from = NULL;
    return text;
}

static int settle(struct reading *r)
{
    struct vt_config *config = r->config;
    struct values *v = &r->values;
    const char *data = v->data && v->data[0] ? v->data : "./var";
    config->rtmp = move_texts(&v->rtmp);
    config->http = move_texts(&v->http);
    config->admin = move_texts(&v->admin);
    config->proxies = move_texts(&v->proxies);
    config->connections = v->connections;
    config->per_address = v->per_address;
    config->setup_ns = v->setup_ns;
    config->viewer_connections = (int)v->viewer_connections;
    config->user = move(&v->user);
    config->hook_url = move(&v->hook_url);
    config->hook_secret = move(&v->hook_secret);
    config->hook_timeout_ns = v->hook_timeout_ns;
    config->hook_cache_ns = v->hook_cache_ns;
    config->sandbox = sandbox_modes[v->sandbox];
    config->data = from_working_directory(data);
    if (config->data && v->token_file)
        config->token_file = from_working_directory(v->token_file);
    else if (config->data)
        config->token_file = join(config->data, "admin.token");
    config->rtmps = move_texts(&v->rtmps);
    config->srt = move_texts(&v->srt);
    const struct vt_yaml *listen = given(r->root, "listen");
    config->srt_asked = listen && given(listen, "srt");
    if ((v->certificate && !(config->certificate = join(r->folder, v->certificate))) ||
        (v->key && !(config->tls_key = join(r->folder, v->key))))
        return -ENOMEM;
    if (v->signing_keys && !(config->signing_keys = join(r->folder, v->signing_keys)))
        return -ENOMEM;
    if (v->products && !(config->products = join(r->folder, v->products)))
        return -ENOMEM;
    config->folder = strdup(r->folder);
    return config->data && config->token_file && config->folder ? 0 : -ENOMEM;
}

static int read_root(struct reading *r)
{
    for (size_t i = 0; i < SECTIONS; i++)
        vt_options_defaults(sections[i].table, &r->values);
    vt_options_defaults(top_table, &r->values);
    if (r->root->kind != VT_YAML_MAP) {
        complain(r, VT_ERROR, r->root, "a configuration must be a map of keys and values");
        return -EINVAL;
    }
    read_sections(r);
    read_listen(r);
    check_tls(r);
    check_limits(r);
    check_webhook(r);
    read_channels(r);
    read_srt_ports(r);
    if (r->values.products && r->values.products[0] == 0)
        complain(r, VT_ERROR, given(r->root, "products"), "products must be the path of a file");
    return r->errors ? -EINVAL : settle(r);
}

int vt_config_parse(struct vt_config **ret, const char *text, size_t size, const char *folder,
                    struct vt_diagnostics *diagnostics)
{
    struct vt_yaml_document *document = NULL;
    int err = vt_yaml_parse(&document, text, size, diagnostics);
    if (err)
        return err;
    struct reading r = {.root = vt_yaml_root(document), .folder = folder, .diagnostics = diagnostics,
                        .config = calloc(1, sizeof *r.config)};
    err = r.config ? read_root(&r) : -ENOMEM;
    for (size_t i = 0; i < SECTIONS && r.config; i++)
        vt_options_free(sections[i].table, &r.values);
    struct vt_texts *lists[] = {&r.values.rtmp, &r.values.rtmps, &r.values.srt, &r.values.http, &r.values.admin,
                                &r.values.proxies};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free_texts(lists[i]);
    vt_options_free(top_table, &r.values);
    vt_yaml_free(&document);
    if (err)
        vt_config_free(&r.config);
    else
        *ret = r.config;
    return err;
}

int vt_config_load(struct vt_config **ret, const char *path, struct vt_diagnostics *diagnostics)
{
    char *text = NULL, *folder = vt_folder_of(path);
    size_t size = 0;
    int err = folder ? vt_read_file(path, VT_YAML_BYTES, &text, &size) : -errno;
    if (err)
        vt_diagnose(diagnostics, VT_ERROR, 0, 0, "cannot be read: %s", strerror(-err));
    else
        err = vt_config_parse(ret, text, size, folder, diagnostics);
    free(text);
    free(folder);
    return err;
}

void vt_config_free(struct vt_config **config)
{
    struct vt_config *c = *config;
    if (!c)
        return;
    char *texts[] = {c->certificate, c->tls_key, c->data, c->token_file, c->products, c->user,
                     c->signing_keys, c->hook_url, c->hook_secret, c->folder};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    struct vt_texts *lists[] = {&c->rtmp, &c->rtmps, &c->srt, &c->http, &c->admin, &c->proxies};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free_texts(lists[i]);
    for (int i = 0; i < c->n_srt_ports; i++)
        free(c->srt_ports[i].address);
    for (int i = 0; i < c->n_channels; i++)
        vt_channel_free(&c->channels[i]);
    free(c);
    *config = NULL;
}

// ---- documentation

void vt_config_document(struct vt_writer *w)
{
    char prefix[32];
    vt_write_format(w,
        "# Configuration\n\n"
        "`vitrine serve --config FILE` reads one YAML file; without `--config` it is `%s`, if that is\n"
        "there. Every value has a default, so that an empty file works. A key that is not in these tables is an error, and\n"
        "so is a value out of its range; `vitrine lint FILE` says so without starting anything. This page is what\n"
        "`vitrine --help-config` prints.\n\n"
        "A time is a number with `ms`, `s`, `m` or `h`; bits a second may end in `k` or `M`. A key with a dot stands in a\n"
        "section: `hls.segment` is `hls: {segment: 2s}`. Paths of templates, products, pictures and certificates are\n"
        "relative to the file's folder; `data` and the token's file are relative to the working directory.\n\n"
        "## The server\n\n" VT_OPTIONS_HEADING, VT_CONFIG_FILE);
    vt_options_document(top_table, "", w);
    vt_options_document(listen_table, "listen.", w);
    vt_options_document(listen_map_table, "listen.", w);
    for (size_t i = 0; i < SECTIONS; i++) {
        snprintf(prefix, sizeof prefix, "%s.", sections[i].name);
        vt_options_document(sections[i].table, prefix, w);
    }
    vt_write_format(w,
        "\n## Channels\n\n"
        "`channels` is a map of at most %d names, each of 1 to 32 letters, digits, `_` or `-`, and what the channel is. Those\n"
        "that are made through the API ([api.md](api.md)) are written in the same words, and count too:\n\n"
        "    channels:\n"
        "      mango:\n"
        "        keys: [\"demo-key\"]\n"
        "        hls: {segment: 2s}\n\n", VT_CHANNELS_MAX);
    vt_channel_document(w);
}
