#include "ingest/gate.h"
#include "serve/config.h"

#include <errno.h>
#include <unistd.h>

#include "check.h"

static struct vt_config *config;
static struct vt_diagnostics diagnostics;

static int parse(const char *text)
{
    vt_config_free(&config);
    diagnostics = (struct vt_diagnostics){0};
    return vt_config_parse(&config, text, strlen(text), "/srv/shop", &diagnostics);
}

static const char *here(const char *path)
{
    static char text[4096];
    REQUIRE(getcwd(text, 2048) != NULL);
    strcat(text, "/");
    return strcat(text, path);
}

TEST(an_empty_file_has_every_default)
{
    static const char *const texts[] = {"", "# nothing\n", "listen:\nchannels:\ntls:\nadmin:\n"};
    for (size_t i = 0; i < 3; i++) {
        REQUIRE_INT(parse(texts[i]), 0);
        REQUIRE_INT(diagnostics.count, 0);
        REQUIRE_TEXT(config->rtmp.text[0], "127.0.0.1:1935");
        REQUIRE_TEXT(config->http.text[0], "127.0.0.1:8080");
        REQUIRE_TEXT(config->admin.text[0], "127.0.0.1:8081");
        REQUIRE_TEXT(config->data, here("var"));
        REQUIRE_TEXT(config->token_file, here("var/admin.token"));
        REQUIRE(config->products == NULL && config->user == NULL);
        REQUIRE_INT(config->n_channels, 0);
    }
}

TEST(reads_what_the_documentation_shows)
{
    REQUIRE_INT(parse("listen: {rtmp: \"*:1935\", srt: \"127.0.0.1:8890\", http: \"[::]:80\", admin: \"127.0.0.1:81\"}\n"
                      "tls: {certificate: null, key: null}\n"
                      "data: /var/lib/vitrine\nadmin: {token_file: ./token}\nproducts: products.json\nuser: vitrine\n"
                      "channels:\n  mango:\n    keys: [demo-key]\n  melon: {keys: [other]}\n"), 0);
    REQUIRE_INT(diagnostics.count, 0);
    REQUIRE_TEXT(config->rtmp.text[0], "*:1935");
    REQUIRE_TEXT(config->data, "/var/lib/vitrine");
    REQUIRE_TEXT(config->token_file, here("token"));
    REQUIRE_TEXT(config->products, "/srv/shop/products.json");
    REQUIRE_TEXT(config->user, "vitrine");
    REQUIRE_INT(config->n_channels, 2);
    REQUIRE_TEXT(config->channels[1].name, "melon");
    REQUIRE_TEXT(config->channels[1].keys[0], "other");
    REQUIRE_TEXT(config->channels[0].picture_root, "/srv/shop");
}

static void require_error(const char *text, int line, int column, const char *message)
{
    REQUIRE_INT(parse(text), -EINVAL);
    REQUIRE(config == NULL);
    REQUIRE(diagnostics.count >= 1);
    REQUIRE_TEXT(diagnostics.list[0].text, message);
    REQUIRE_INT(diagnostics.list[0].line, line);
    REQUIRE_INT(diagnostics.list[0].column, column);
    REQUIRE_INT(diagnostics.errors, 1);
}

TEST(says_what_is_wrong_and_where)
{
    require_error("lisen: {}\n", 1, 1, "unknown key lisen: did you mean listen?");
    require_error("listen: {htpt: 1}\n", 1, 10, "unknown key htpt: did you mean http?");
    require_error("listen: {http: 8080}\n", 1, 16,
                  "http must be an address and a port such as 127.0.0.1:8080 or [::]:8080, is 8080");
    require_error("listen:\n  rtmp:\n", 2, 8,
                  "rtmp must be an address and a port such as 127.0.0.1:8080 or [::]:8080, is empty");
    require_error("listen: {rtmps: \"127.0.0.1:443\"}\n", 1, 17, "rtmps needs tls: {certificate: FILE, key: FILE}");
    require_error("listen: {rtmps: \"127.0.0.1:443\"}\ntls: {key: b.pem}\n", 2, 6,
                  "rtmps needs tls: {certificate: FILE, key: FILE}");
    require_error("admin: {token: x}\n", 1, 9, "unknown key token");
    require_error("channels: [mango]\n", 1, 11, "channels must be a map of names and channels");
    require_error("channels:\n  a b: {}\n", 2, 3, "a channel's name must be 1 to 32 letters, digits, _ or -");
    require_error("channels:\n  mango:\n    keys: [a]\n    canvas: {size: 1280x720, fsp: 30}\n", 4, 30,
                  "unknown key fsp: did you mean fps?");
    require_error("channels:\n  a: {keys: [k]}\n  b: {keys: [j, k]}\n", 3, 6, "channel b has a key that a has too");
    require_error("products: ''\n", 1, 11, "products must be the path of a file");
    require_error("- a\n", 1, 1, "a configuration must be a map of keys and values");
    require_error("a: [\n", 2, 1, "not YAML: did not find expected node content, while parsing a flow node");
}

TEST(reads_rtmps_and_its_certificate)
{
    REQUIRE_INT(parse("listen: {rtmps: \"127.0.0.1:443\"}\ntls: {certificate: a.pem, key: /etc/b.pem}\n"), 0);
    REQUIRE_TEXT(config->rtmps.text[0], "127.0.0.1:443");
    REQUIRE(config->certificate[0] == '/' && strstr(config->certificate, "/a.pem"));
    REQUIRE_TEXT(config->tls_key, "/etc/b.pem");
    REQUIRE_INT(parse(""), 0);
    REQUIRE_INT(config->rtmps.count, 0);
    REQUIRE_TEXT(config->srt.text[0], "127.0.0.1:8890");
    REQUIRE_INT(parse("listen: {srt: none}\n"), 0);
    REQUIRE_INT(config->srt.count, 0);
    require_error("listen: {srt: 8890}\n", 1, 15,
                  "srt must be an address and a port such as 127.0.0.1:8080 or [::]:8080, is 8890");
}

TEST(reads_lists_of_addresses)
{
    REQUIRE_INT(parse("listen:\n  rtmp: [\"127.0.0.1:1935\", \"[::1]:1935\"]\n  http: [\"*:80\", \"*:81\", \"*:82\", \"*:83\"]\n"
                      "  srt: [\"[::1]:9\"]\n  rtmps: null\n  proxies: [10.0.0.0/8, \"2001:db8::1\"]\n"), 0);
    REQUIRE_INT(config->rtmp.count, 2);
    REQUIRE_TEXT(config->rtmp.text[1], "[::1]:1935");
    REQUIRE_INT(config->http.count, VT_LISTENERS_MAX);
    REQUIRE_INT(config->srt.count, 1);
    REQUIRE_INT(config->rtmps.count, 0);
    REQUIRE_INT(config->proxies.count, 2);
    REQUIRE_INT(parse("listen: {proxies: 10.0.0.1}\n"), 0);
    REQUIRE_TEXT(config->proxies.text[0], "10.0.0.1");
    REQUIRE_INT(config->srt_asked, false);
    require_error("listen: {http: [\"*:80\", \"*:81\", \"*:82\", \"*:83\", \"*:84\"]}\n", 1, 16,
                  "http must be one address or a list of 1 to 4");
    require_error("listen: {rtmp: []}\n", 1, 16, "rtmp must be one address or a list of 1 to 4");
    require_error("listen: {rtmp: [\"*:1935\", mango]}\n", 1, 27,
                  "rtmp must be an address and a port such as 127.0.0.1:8080 or [::]:8080, is mango");
    require_error("listen: {rtmp: {a: b}}\n", 1, 16,
                  "rtmp must be an address and a port such as 127.0.0.1:8080 or [::]:8080, is empty");
    require_error("listen: {proxies: [10.0.0.0/33]}\n", 1, 20,
                  "proxies must be an address or a network such as 10.0.0.0/8, is 10.0.0.0/33");
    char many[512] = "listen: {proxies: [";
    for (int i = 0; i <= VT_NETWORKS_MAX; i++)
        strcat(many, i < VT_NETWORKS_MAX ? "10.0.0.1, " : "10.0.0.1]}\n");
    require_error(many, 1, 19, "proxies must be one address or a list of 1 to 16");
}

TEST(reads_limits)
{
    REQUIRE_INT(parse(""), 0);
    REQUIRE(config->connections == VT_GATE_CONNECTIONS && config->per_address == VT_GATE_PER_ADDRESS);
    REQUIRE(config->setup_ns == VT_GATE_SETUP_NS);
    REQUIRE_INT(parse("limits: {connections: 4096, per_address: 4096, setup: 60s}\n"), 0);
    REQUIRE_INT(config->connections, VT_GATE_CONNECTIONS_MAX);
    REQUIRE_INT(parse("limits: {connections: 16, per_address: 1, setup: 1s}\n"), 0);
    REQUIRE_INT(config->setup_ns, VT_GATE_SETUP_MIN_NS);
    require_error("limits: {connections: 15, per_address: 1}\n", 1, 23, "connections must be 16 to 4096, is 15");
    require_error("limits: {connections: 4097}\n", 1, 23, "connections must be 16 to 4096, is 4097");
    require_error("limits: {setup: 61s}\n", 1, 17, "setup must be 1s to 60s, is 61s");
    require_error("limits: {connections: 20, per_address: 21}\n", 1, 40, "per_address is more than connections");
}

TEST(what_has_no_effect_is_a_warning)
{
    REQUIRE_INT(parse("tls: {certificate: a.pem, key: b.pem}\n"), 0);
    REQUIRE_TEXT(diagnostics.list[0].text, "tls has no effect: there is no rtmps under listen");
    REQUIRE_INT(parse("channels: {mango: }\n"), 0);
    REQUIRE_TEXT(diagnostics.list[0].text, "channel mango has no keys: nobody can publish to it with one");
    REQUIRE_INT(config->n_channels, 1);
}

static int parse_channels(int count)
{
    char text[4096];
    int used = snprintf(text, sizeof text, "channels:\n");
    for (int i = 0; i < count; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "  c%d: {keys: [k%d]}\n", i, i);
    return parse(text);
}

TEST(channels_hold_at_their_limit)
{
    REQUIRE_INT(parse_channels(VT_CHANNELS_MAX), 0);
    REQUIRE_INT(config->n_channels, VT_CHANNELS_MAX);
    REQUIRE_INT(parse_channels(VT_CHANNELS_MAX + 1), -EINVAL);
}

TEST(files_that_cannot_be_read)
{
    vt_config_free(&config);
    diagnostics = (struct vt_diagnostics){0};
    REQUIRE_INT(vt_config_load(&config, "/nonexistent/vitrine.yaml", &diagnostics), -ENOENT);
    REQUIRE_TEXT(diagnostics.list[0].text, "cannot be read: No such file or directory");
    REQUIRE_INT(vt_config_load(&config, "/", &diagnostics), -EISDIR);
}

TEST(folders_of_files_are_found)
{
    char path[] = "/tmp/test_config-XXXXXX";
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    close(fd);
    char *folder = vt_folder_of(path);
    REQUIRE_TEXT(folder, "/tmp");
    free(folder);
    folder = vt_folder_of("/tmp");
    REQUIRE_TEXT(folder, "/");
    free(folder);
    unlink(path);
}

#define TWO "channels: {a: {keys: [k], srt: {passphrase: long enough}}, b: {keys: [l]}}\n"

TEST(channels_have_addresses_of_srt_of_their_own)
{
    REQUIRE_INT(parse("listen: {srt_channels: {a: \"127.0.0.1:8891\"}}\n" TWO), 0);
    REQUIRE_INT(config->n_srt_ports, 1);
    REQUIRE_TEXT(config->srt_ports[0].channel, "a");
    REQUIRE_TEXT(config->srt_ports[0].address, "127.0.0.1:8891");
    require_error("listen: {srt_channels: {a: \"8891\"}}\n" TWO, 1, 28,
                  "the address of a must be one such as 127.0.0.1:8891");
    require_error("listen: {srt_channels: {b: \"127.0.0.1:8891\"}}\n" TWO, 1, 28,
                  "channel b needs srt: {passphrase: …}: there is no key at an address of its own");
    require_error("listen: {srt_channels: {c: \"127.0.0.1:8891\"}}\n" TWO, 1, 28, "there is no channel c under channels");
    require_error("listen: {srt_channels: []}\n" TWO, 1, 24,
                  "srt_channels must be a map of at most 4 channels and their addresses");
}

TEST(so_many_channels_have_one)
{
    for (int more = 0; more < 2; more++) {
        char text[2048] = "listen: {srt_channels: {", channels[1024] = "channels: {";
        for (int i = 0; i < VT_SRT_PORTS + more; i++) {
            char one[128];
            snprintf(one, sizeof one, "%sc%d: \"127.0.0.1:0\"", i ? ", " : "", i);
            strcat(text, one);
            snprintf(one, sizeof one, "%sc%d: {keys: [k%d], srt: {passphrase: long enough}}", i ? ", " : "", i, i);
            strcat(channels, one);
        }
        strcat(text, "}}\n");
        strcat(text, channels);
        strcat(text, "}\n");
        if (more == 0) {
            REQUIRE_INT(parse(text), 0);
            REQUIRE_INT(config->n_srt_ports, VT_SRT_PORTS);
            continue;
        }
        require_error(text, 1, 24, "srt_channels must be a map of at most 4 channels and their addresses");
    }
}

int main(void)
{
    RUN(an_empty_file_has_every_default);
    RUN(reads_what_the_documentation_shows);
    RUN(says_what_is_wrong_and_where);
    RUN(reads_rtmps_and_its_certificate);
    RUN(reads_lists_of_addresses);
    RUN(reads_limits);
    RUN(what_has_no_effect_is_a_warning);
    RUN(channels_hold_at_their_limit);
    RUN(files_that_cannot_be_read);
    RUN(folders_of_files_are_found);
    RUN(channels_have_addresses_of_srt_of_their_own);
    RUN(so_many_channels_have_one);
    vt_config_free(&config);
    return DONE();
}
