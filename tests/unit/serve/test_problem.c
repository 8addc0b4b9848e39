#include <errno.h>

#include "check.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/token.h"

static json_t *body_of(const struct vt_answer *answer)
{
    json_t *body = json_loadb(answer->data, answer->size, 0, NULL);
    REQUIRE(body != NULL);
    return body;
}

TEST(a_problem_says_what_and_what_to_do)
{
    struct vt_answer answer;
    vt_answer_init(&answer, 0);
    vt_answer_problem(&answer, 404, "No such product", "There is no \"%s\". GET /v1/products lists them.", "SKU-9");
    json_t *body = body_of(&answer);
    REQUIRE_INT(answer.status, 404);
    REQUIRE_TEXT(answer.type, "application/problem+json");
    REQUIRE_INT(json_integer_value(json_object_get(body, "status")), 404);
    REQUIRE_TEXT(json_string_value(json_object_get(body, "title")), "No such product");
    REQUIRE_TEXT(json_string_value(json_object_get(body, "detail")),
                 "There is no \"SKU-9\". GET /v1/products lists them.");
    json_decref(body);
    vt_answer_free(&answer);
}

TEST(a_problem_survives_bytes_that_are_not_text)
{
    struct vt_answer answer;
    vt_answer_init(&answer, 0);
    vt_answer_problem(&answer, 400, "Bad", "what is \"\xff\xfe\"?");
    json_t *body = body_of(&answer);
    REQUIRE_INT(answer.status, 400);
    REQUIRE(json_object_get(body, "detail") != NULL);
    json_decref(body);
    vt_answer_free(&answer);
}

TEST(headers_cannot_be_split)
{
    struct vt_answer answer;
    vt_answer_init(&answer, 200);
    vt_answer_header(&answer, "Location", "/a\r\nSet-Cookie: x");
    REQUIRE_INT(answer.n_headers, 0);
    vt_answer_header(&answer, "Location", "/%s", "a");
    REQUIRE_TEXT(vt_answer_header_value(&answer, "Location"), "/a");
    for (int i = 0; i < 2 * VT_ANSWER_HEADERS; i++)
        vt_answer_header(&answer, "X", "%d", i);
    REQUIRE_INT(answer.n_headers, VT_ANSWER_HEADERS);
    vt_answer_free(&answer);
}

TEST(store_failures_have_their_own_words)
{
    struct vt_answer answer;
    vt_answer_init(&answer, 0);
    vt_answer_store_failure(&answer, -ENOSPC);
    REQUIRE_INT(answer.status, 507);
    vt_answer_store_failure(&answer, -EROFS);
    REQUIRE_INT(answer.status, 503);
    vt_answer_store_failure(&answer, -EIO);
    REQUIRE_INT(answer.status, 503);
    vt_answer_free(&answer);
}

static void handle_a(struct vt_request *request) {}
static void handle_b(struct vt_request *request) {}

static const struct vt_route table[] = {
    {"GET", "/v1/things", handle_a, true, 0},
    {"GET", "/v1/things/{id}", handle_a, false, 0},
    {"PUT", "/v1/things/{id}", handle_b, false, 100},
    {"DELETE", "/v1/things/{id}/parts/{part}", handle_b, false, 0},
    {0},
};

TEST(routes_are_found)
{
    struct vt_match match;
    REQUIRE_INT(vt_route_find(table, "GET", "/v1/things", &match), 0);
    REQUIRE(match.route == &table[0]);
    REQUIRE_INT(vt_route_find(table, "HEAD", "/v1/things/a", &match), 0);
    REQUIRE(match.route == &table[1]);
    REQUIRE_INT(vt_route_find(table, "DELETE", "/v1/things/a/parts/b", &match), 0);
    REQUIRE_TEXT(match.args[0], "a");
    REQUIRE_TEXT(match.args[1], "b");
}

TEST(wrong_paths_and_methods_are_told_apart)
{
    struct vt_match match;
    REQUIRE_INT(vt_route_find(table, "PATCH", "/v1/things/a", &match), -EPERM);
    REQUIRE_TEXT(match.allow, "GET, HEAD, PUT");
    REQUIRE_INT(vt_route_find(table, "GET", "/v1/things/", &match), -ENOENT);
    REQUIRE_INT(vt_route_find(table, "GET", "/v1/things/a/b", &match), -ENOENT);
    REQUIRE_INT(vt_route_find(table, "GET", "/v1", &match), -ENOENT);
    REQUIRE_INT(vt_route_find(table, "GET", "", &match), -ENOENT);
    char path[VT_ROUTE_ARG_ROOM + 20];
    int length = snprintf(path, sizeof path, "/v1/things/");
    memset(path + length, 'a', VT_ROUTE_ARG_ROOM);
    path[length + VT_ROUTE_ARG_ROOM - 1] = 0;
    REQUIRE_INT(vt_route_find(table, "GET", path, &match), 0);
    path[length + VT_ROUTE_ARG_ROOM - 1] = 'a';
    path[length + VT_ROUTE_ARG_ROOM] = 0;
    REQUIRE_INT(vt_route_find(table, "GET", path, &match), -ENOENT);
}

TEST(only_the_token_is_accepted)
{
    struct vt_token token;
    REQUIRE_INT(vt_token_set(&token, "0123456789abcdef", 16), 0);
    REQUIRE(vt_token_accepts(&token, "Bearer 0123456789abcdef"));
    REQUIRE(vt_token_accepts(&token, "bearer 0123456789abcdef"));
    REQUIRE(!vt_token_accepts(&token, "Bearer 0123456789abcdeg"));
    REQUIRE(!vt_token_accepts(&token, "Bearer 0123456789abcde"));
    REQUIRE(!vt_token_accepts(&token, "Bearer 0123456789abcdef0"));
    REQUIRE(!vt_token_accepts(&token, "Bearer "));
    REQUIRE(!vt_token_accepts(&token, "Basic 0123456789abcdef"));
    REQUIRE(!vt_token_accepts(&token, ""));
    REQUIRE(!vt_token_accepts(&token, NULL));
}

TEST(a_weak_token_is_refused)
{
    static char text[VT_TOKEN_MAX + 2];
    struct vt_token token;
    memset(text, 'a', sizeof text - 1);
    REQUIRE_INT(vt_token_set(&token, text, VT_TOKEN_MIN - 1), -EINVAL);
    REQUIRE_INT(vt_token_set(&token, text, VT_TOKEN_MIN), 0);
    REQUIRE_INT(vt_token_set(&token, text, VT_TOKEN_MAX), 0);
    REQUIRE_INT(vt_token_set(&token, text, VT_TOKEN_MAX + 1), -EINVAL);
    REQUIRE_INT(vt_token_load(&token, "/nonexistent/token"), -ENOENT);
}

int main(void)
{
    RUN(a_problem_says_what_and_what_to_do);
    RUN(a_problem_survives_bytes_that_are_not_text);
    RUN(headers_cannot_be_split);
    RUN(store_failures_have_their_own_words);
    RUN(routes_are_found);
    RUN(wrong_paths_and_methods_are_told_apart);
    RUN(only_the_token_is_accepted);
    RUN(a_weak_token_is_refused);
    return DONE();
}
