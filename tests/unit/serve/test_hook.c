// What the webhook is asked, what may come of its answers, how long they hold, and what the supervisor makes of them.
#include <string.h>

#include "check.h"
#include "base/mediatime.h"
#include "serve/hook_cache.h"
#include "serve/hook_client.h"

static const struct vt_hook_question question = {
    .key = "se\"cret", .address = "192.0.2.7", .encoder = "OBS \\xff", .protocol = "rtmps", .channel = "mango"};

TEST(a_question_says_who_and_where)
{
    char *text = vt_hook_request(&question, 0);
    json_t *body = text ? json_loads(text, 0, NULL) : NULL;
    REQUIRE_INT(vt_message_int(body, "version", 0), 1);
    REQUIRE_TEXT(vt_message_text(body, "event"), "publish");
    REQUIRE_TEXT(vt_message_text(body, "key"), "se\"cret");
    REQUIRE_TEXT(vt_message_text(body, "channel"), "mango");
    REQUIRE_TEXT(vt_message_text(body, "address"), "192.0.2.7");
    REQUIRE_TEXT(vt_message_text(body, "encoder"), "OBS \\xff");
    REQUIRE_TEXT(vt_message_text(body, "protocol"), "rtmps");
    REQUIRE_TEXT(vt_message_text(body, "time"), "1970-01-01T00:00:00.000Z");
    json_decref(body);
    free(text);
}

TEST(what_a_stranger_wrote_is_escaped)
{
    struct vt_hook_question asked = question;
    asked.channel = NULL;
    asked.key = "a\r\nHost: evil\x7f\xc3\xa9\"}";
    char *text = vt_hook_request(&asked, 0);
    REQUIRE(text && strpbrk(text, "\r\n") == NULL);
    for (const char *c = text; c && *c; c++)
        REQUIRE((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x80);
    json_t *body = text ? json_loads(text, 0, NULL) : NULL;
    REQUIRE_TEXT(vt_message_text(body, "key"), asked.key);
    REQUIRE(json_is_null(json_object_get(body, "channel")));
    json_decref(body);
    free(text);
    asked.key = "\xff";
    REQUIRE(vt_hook_request(&asked, 0) == NULL);
}

TEST(the_signature_is_an_hmac)
{
    char code[VT_HOOK_SIGNATURE];
    // RFC 4231, test case 2
    vt_hook_sign(code, "Jefe", "what do ya want for nothing?");
    REQUIRE_TEXT(code, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static enum vt_hook_verdict verdict_of(long status, const char *body)
{
    struct vt_hook_answer answer;
    const char *why = vt_hook_read(&answer, status, body, strlen(body));
    REQUIRE((why != NULL) == (answer.verdict == VT_HOOK_FAILED));
    return answer.verdict;
}

TEST(answers)
{
    REQUIRE_INT(verdict_of(200, "{\"allow\": true}"), VT_HOOK_GRANTED);
    REQUIRE_INT(verdict_of(200, "{\"allow\": true, \"channel\": null, \"more\": [1]}"), VT_HOOK_GRANTED);
    REQUIRE_INT(verdict_of(200, "{\"allow\": false, \"channel\": 7}"), VT_HOOK_DENIED);
    REQUIRE_INT(verdict_of(401, "what"), VT_HOOK_DENIED);
    REQUIRE_INT(verdict_of(403, "{\"allow\": true}"), VT_HOOK_DENIED);
    REQUIRE_INT(verdict_of(404, ""), VT_HOOK_DENIED);
    static const char *const no_answers[] = {
        "", "null", "true", "[]", "{}", "{\"allow\": 1}", "{\"allow\": \"true\"}", "{\"allow\": null}", "{\"allow\": true",
        "{\"allow\": false, \"allow\": true}", "{\"allow\": true, \"channel\": 7}", "{\"allow\": true, \"channel\": \"../x\"}",
        "{\"allow\": true, \"channel\": \"\"}", "{\"allow\": true, \"channel\": \"a-name-of-thirty-three-characters\"}",
        "{\"allow\": true} {}",
    };
    for (size_t i = 0; i < sizeof no_answers / sizeof no_answers[0]; i++)
        REQUIRE_INT(verdict_of(200, no_answers[i]), VT_HOOK_FAILED);
    static const long statuses[] = {0, 100, 201, 204, 301, 302, 307, 400, 402, 405, 500, 503, 999};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        REQUIRE_INT(verdict_of(statuses[i], "{\"allow\": true}"), VT_HOOK_FAILED);
}

TEST(an_answer_names_a_channel)
{
    struct vt_hook_answer answer;
    const char *body = "{\"allow\": true, \"channel\": \"papaya\"}";
    REQUIRE(vt_hook_read(&answer, 200, body, strlen(body)) == NULL);
    REQUIRE_TEXT(answer.channel, "papaya");
}

TEST(the_longest_answer)
{
    static char body[VT_HOOK_ANSWER_BYTES + 1];
    struct vt_hook_answer answer;
    memset(body, ' ', sizeof body);
    memcpy(body, "{\"allow\": true}", 15);
    REQUIRE(vt_hook_read(&answer, 200, body, sizeof body - 1) == NULL);
    REQUIRE(vt_hook_read(&answer, 200, body, sizeof body) != NULL);
}

TEST(answers_hold_for_a_while)
{
    struct vt_hook_cache *cache = NULL;
    struct vt_hook_answer answer = {.verdict = VT_HOOK_GRANTED, .channel = "papaya"}, got = {0};
    struct vt_hook_question other = question;
    REQUIRE_INT(vt_hook_cache_new(&cache, 30 * VT_NS_PER_S), 0);
    REQUIRE_INT(vt_hook_cache_get(cache, &question, 1, &got), 0);
    vt_hook_cache_put(cache, &question, 1, &answer);
    REQUIRE_INT(vt_hook_cache_get(cache, &question, 30 * VT_NS_PER_S, &got), 1);
    REQUIRE(got.verdict == VT_HOOK_GRANTED && strcmp(got.channel, "papaya") == 0);
    REQUIRE_INT(vt_hook_cache_get(cache, &question, 30 * VT_NS_PER_S + 1, &got), 0);
    other.encoder = "another";
    REQUIRE_INT(vt_hook_cache_get(cache, &other, 2, &got), 1);
    other = question, other.key = "se\"cret2";
    REQUIRE_INT(vt_hook_cache_get(cache, &other, 2, &got), 0);
    other = question, other.address = "192.0.2.8";
    REQUIRE_INT(vt_hook_cache_get(cache, &other, 2, &got), 0);
    other = question, other.protocol = "srt";
    REQUIRE_INT(vt_hook_cache_get(cache, &other, 2, &got), 0);
    other = question, other.channel = NULL;
    REQUIRE_INT(vt_hook_cache_get(cache, &other, 2, &got), 0);
    vt_hook_cache_put(cache, &other, 2, &(struct vt_hook_answer){.verdict = VT_HOOK_FAILED});
    REQUIRE_INT(vt_hook_cache_get(cache, &other, 2, &got), 0);
    vt_hook_cache_free(&cache);
    REQUIRE(cache == NULL);
}

TEST(the_oldest_answer_gives_way)
{
    struct vt_hook_cache *cache = NULL;
    struct vt_hook_answer answer = {.verdict = VT_HOOK_DENIED}, got;
    struct vt_hook_question asked = question;
    char key[32];
    asked.key = key;
    REQUIRE_INT(vt_hook_cache_new(&cache, VT_NS_PER_S), 0);
    for (int i = 0; i <= VT_HOOK_CACHED; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        vt_hook_cache_put(cache, &asked, 1, &answer);
    }
    REQUIRE_INT(vt_hook_cache_get(cache, &asked, 2, &got), 1);
    snprintf(key, sizeof key, "key-1");
    REQUIRE_INT(vt_hook_cache_get(cache, &asked, 2, &got), 1);
    snprintf(key, sizeof key, "key-0");
    REQUIRE_INT(vt_hook_cache_get(cache, &asked, 2, &got), 0);
    vt_hook_cache_free(&cache);
    REQUIRE_INT(vt_hook_cache_new(&cache, 0), 0);
    vt_hook_cache_put(cache, &asked, 1, &answer);
    REQUIRE_INT(vt_hook_cache_get(cache, &asked, 1, &got), 0);
    vt_hook_cache_free(&cache);
}

// ---- the supervisor's side

static int64_t answered_ask;
static struct vt_hook_answer answered;
static int n_answers;

static void on_answer(void *opaque, int64_t ask, const struct vt_hook_answer *answer)
{
    answered_ask = ask;
    answered = *answer;
    n_answers++;
}

static const char *take(struct vt_hook_client *client, const char *body)
{
    struct vt_message message = {.kind = VT_MSG_HOOK_ANSWER, .body = json_loads(body, 0, NULL)};
    const char *why = vt_hook_client_take(client, &message);
    vt_message_clear(&message);
    return why;
}

TEST(what_its_process_says)
{
    static struct vt_hook_client client;
    client = (struct vt_hook_client){.on_answer = on_answer, .last_ask = 3, .n_pending = 3,
                                     .pending = {{1, 0}, {2, 0}, {3, 0}}};
    n_answers = 0;
    REQUIRE(take(&client, "{\"ask\": 2, \"verdict\": \"granted\", \"channel\": \"mango\"}") == NULL);
    REQUIRE(n_answers == 1 && answered_ask == 2 && answered.verdict == VT_HOOK_GRANTED);
    REQUIRE_TEXT(answered.channel, "mango");
    REQUIRE(take(&client, "{\"ask\": 2, \"verdict\": \"granted\"}") == NULL);      // it has been answered: no harm
    REQUIRE_INT(n_answers, 1);
    REQUIRE(take(&client, "{\"ask\": 3, \"verdict\": \"denied\"}") == NULL);
    REQUIRE(n_answers == 2 && answered_ask == 3 && answered.verdict == VT_HOOK_DENIED);
    static const char *const lies[] = {
        "{}", "{\"ask\": 0, \"verdict\": \"granted\"}", "{\"ask\": -1, \"verdict\": \"granted\"}",
        "{\"ask\": 4, \"verdict\": \"granted\"}", "{\"ask\": \"1\", \"verdict\": \"granted\"}", "{\"ask\": 1}",
        "{\"ask\": 1, \"verdict\": \"maybe\"}", "{\"ask\": 1, \"verdict\": \"granted\", \"channel\": \"../mango\"}",
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        REQUIRE(take(&client, lies[i]) != NULL);
    REQUIRE(n_answers == 2 && client.n_pending == 1);
    REQUIRE(client.granted == 1 && client.denied == 1 && client.failed == 0);
    struct vt_message other = {.kind = VT_MSG_INGEST_END, .body = json_object()};
    REQUIRE(vt_hook_client_take(&client, &other) != NULL);
    vt_message_clear(&other);
}

TEST(an_overdue_question_has_failed)
{
    static struct vt_hook_client client;
    client = (struct vt_hook_client){.on_answer = on_answer, .last_ask = 2, .n_pending = 2,
                                     .pending = {{1, 0}, {2, INT64_MAX}}};
    n_answers = 0;
    vt_hook_client_watch(&client);
    REQUIRE(n_answers == 1 && answered_ask == 1 && answered.verdict == VT_HOOK_FAILED && client.n_pending == 1);
    REQUIRE_INT(vt_hook_client_ask(&client, &question), 0);          // its process does not run
}

int main(void)
{
    RUN(a_question_says_who_and_where);
    RUN(what_a_stranger_wrote_is_escaped);
    RUN(the_signature_is_an_hmac);
    RUN(answers);
    RUN(an_answer_names_a_channel);
    RUN(the_longest_answer);
    RUN(answers_hold_for_a_while);
    RUN(the_oldest_answer_gives_way);
    RUN(what_its_process_says);
    RUN(an_overdue_question_has_failed);
    return DONE();
}
