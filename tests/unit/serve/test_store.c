#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "check.h"
#include "serve/store.h"

static char folder[] = "/tmp/vitrine-store-XXXXXX";
static char path[64];
static struct vt_store *store;

static void open_store(void)
{
    vt_store_free(&store);
    REQUIRE_INT(vt_store_open(&store, path), 0);
}

static void remove_store(void)
{
    vt_store_free(&store);
    const char *const tails[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
}

static int put(const char *id, const char *title, int64_t expected, int64_t *ret_rev)
{
    json_t *product = json_pack("{s:s}", "title", title), *stored = NULL;
    int error = vt_store_put_product(store, id, product, expected, &stored);
    if (error == 0) {
        REQUIRE_TEXT(json_string_value(json_object_get(stored, "id")), id);
        *ret_rev = json_integer_value(json_object_get(stored, "rev"));
    }
    json_decref(stored);
    json_decref(product);
    return error;
}

TEST(revisions_rise_and_survive)
{
    int64_t rev = 0;
    open_store();
    REQUIRE_INT(put("a", "one", VT_REV_ANY, &rev), 0);
    REQUIRE_INT(rev, 1);
    REQUIRE_INT(put("a", "one", VT_REV_ANY, &rev), 0);
    REQUIRE_INT(rev, 1);
    REQUIRE_INT(put("a", "two", VT_REV_ANY, &rev), 0);
    REQUIRE_INT(rev, 2);
    open_store();
    json_t *product = NULL;
    REQUIRE_INT(vt_store_product(store, "a", &product), 0);
    REQUIRE_TEXT(json_string_value(json_object_get(product, "title")), "two");
    REQUIRE_INT(json_integer_value(json_object_get(product, "rev")), 2);
    json_decref(product);
    REQUIRE_INT(vt_store_delete_product(store, "a", VT_REV_ANY), 0);
    REQUIRE_INT(vt_store_product(store, "a", &product), -ENOENT);
    REQUIRE_INT(vt_store_delete_product(store, "a", VT_REV_ANY), -ENOENT);
    open_store();
    REQUIRE_INT(put("a", "two", VT_REV_ANY, &rev), 0);
    REQUIRE_INT(rev, 4);
    remove_store();
}

TEST(a_stale_writer_changes_nothing)
{
    int64_t rev = 0;
    open_store();
    REQUIRE_INT(put("a", "one", 1, &rev), -ESTALE);
    REQUIRE_INT(put("a", "one", VT_REV_NONE, &rev), 0);
    REQUIRE_INT(put("a", "two", VT_REV_NONE, &rev), -ESTALE);
    REQUIRE_INT(put("a", "two", 1, &rev), 0);
    REQUIRE_INT(put("a", "three", 1, &rev), -ESTALE);
    REQUIRE_INT(vt_store_delete_product(store, "a", 1), -ESTALE);
    REQUIRE_INT(vt_store_delete_product(store, "a", 2), 0);
    remove_store();
}

TEST(lists_come_in_pages)
{
    int64_t rev;
    open_store();
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "p%d", i);
        REQUIRE_INT(put(id, "x", VT_REV_ANY, &rev), 0);
    }
    json_t *list = NULL;
    REQUIRE_INT(vt_store_products(store, NULL, 2, &list), 0);
    REQUIRE_INT(json_array_size(list), 2);
    json_decref(list);
    REQUIRE_INT(vt_store_products(store, "p1", 10, &list), 0);
    REQUIRE_INT(json_array_size(list), 3);
    REQUIRE_TEXT(json_string_value(json_object_get(json_array_get(list, 0), "id")), "p2");
    json_decref(list);
    remove_store();
}

TEST(an_empty_store_is_filled_once)
{
    open_store();
    json_t *list = json_pack("[{s:s,s:s},{s:s,s:s}]", "id", "a", "title", "A", "id", "b", "title", "B");
    REQUIRE_INT(vt_store_import(store, list), 2);
    REQUIRE_INT(vt_store_import(store, list), 0);
    REQUIRE_INT(vt_store_delete_product(store, "a", VT_REV_ANY), 0);
    REQUIRE_INT(vt_store_delete_product(store, "b", VT_REV_ANY), 0);
    REQUIRE_INT(vt_store_import(store, list), 0);
    int64_t count = -1;
    REQUIRE_INT(vt_store_product_count(store, &count), 0);
    REQUIRE_INT(count, 0);
    json_decref(list);
    remove_store();
}

TEST(a_full_disk_is_said_and_nothing_is_lost)
{
    static char filling[9000];
    int64_t rev = 0;
    memset(filling, 'x', sizeof filling - 1);
    open_store();
    REQUIRE_INT(put("small", "one", VT_REV_ANY, &rev), 0);
    vt_store_limit_pages(store, 1);      // never below what is used already
    int error = 0;
    for (int i = 0; i < 20 && error == 0; i++) {
        char id[8];
        snprintf(id, sizeof id, "b%d", i);
        error = put(id, filling, VT_REV_ANY, &rev);
    }
    REQUIRE_INT(error, -ENOSPC);
    json_t *product = NULL;
    REQUIRE_INT(vt_store_product(store, "small", &product), 0);
    json_decref(product);
    vt_store_limit_pages(store, 100000);
    REQUIRE_INT(put("after", filling, VT_REV_ANY, &rev), 0);
    remove_store();
}

TEST(a_newer_schema_is_refused)
{
    open_store();
    vt_store_free(&store);
    sqlite3 *db;
    REQUIRE_INT(sqlite3_open(path, &db), SQLITE_OK);
    REQUIRE_INT(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    REQUIRE_INT(vt_store_open(&store, path), -EPROTO);
    REQUIRE(store == NULL);
    remove_store();
    REQUIRE_INT(vt_store_open(&store, "/nonexistent/state.db"), -EROFS);
}

static int visited;
static int64_t visited_rev;
static char visited_id[33];

static void visit(void *opaque, const struct vt_cue_record *record)
{
    visited++;
    visited_rev = record->rev;
    snprintf(visited_id, sizeof visited_id, "%s", record->id);
    REQUIRE_TEXT(json_string_value(json_object_get(record->take, "template")), "card");
}

static int put_cue(const char *show, const char *id)
{
    struct vt_cue_record record = {
        .channel = "mango", .show = show, .id = id, .rev = 1, .on_air = true, .taken_ns = 5,
        .take = json_pack("{s:s}", "template", "card"), .answer = json_pack("{s:s}", "id", id)};
    int error = vt_store_put_cue(store, &record);
    json_decref(record.take);
    json_decref(record.answer);
    return error;
}

TEST(cues_on_air_are_known_after_a_restart)
{
    open_store();
    REQUIRE_INT(put_cue("s1", "c1"), 0);
    REQUIRE_INT(put_cue("s1", "c2"), 0);
    REQUIRE_INT(put_cue("s0", "old"), 0);
    REQUIRE_INT(vt_store_note_cue(store, "mango", "s1", "c2", 4, true), 0);
    REQUIRE_INT(vt_store_note_cue(store, "mango", "s1", "c1", 2, false), 0);
    REQUIRE_INT(vt_store_note_cue(store, "mango", "s1", "none", 2, false), -ENOENT);
    open_store();
    visited = 0;
    REQUIRE_INT(vt_store_cues(store, "mango", "s1", false, visit, NULL), 0);
    REQUIRE_INT(visited, 1);
    REQUIRE_TEXT(visited_id, "c2");
    REQUIRE_INT(visited_rev, 4);
    visited = 0;
    REQUIRE_INT(vt_store_cues(store, "mango", "s1", true, visit, NULL), 0);
    REQUIRE_INT(visited, 2);
    remove_store();
}

TEST(the_log_of_cues_is_limited)
{
    open_store();
    for (int i = 0; i < VT_STORE_CUES + 10; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        REQUIRE_INT(put_cue("s1", id), 0);
        REQUIRE_INT(vt_store_note_cue(store, "mango", "s1", id, 2, false), 0);
    }
    visited = 0;
    REQUIRE_INT(vt_store_cues(store, "mango", "s1", true, visit, NULL), 0);
    REQUIRE_INT(visited, VT_STORE_CUES);
    REQUIRE_TEXT(visited_id, "c1009");
    remove_store();
}

TEST(answers_are_repeated_for_a_day)
{
    int status = 0;
    json_t *body = NULL, *answer = json_pack("{s:i}", "rev", 1);
    open_store();
    REQUIRE_INT(vt_store_repeat(store, "k", "f", 1000, &status, &body), 0);
    REQUIRE_INT(vt_store_keep_answer(store, "k", "f", 1000, 201, answer), 0);
    open_store();
    REQUIRE_INT(vt_store_repeat(store, "k", "f", 1000 + VT_STORE_REPEAT_S - 1, &status, &body), 1);
    REQUIRE_INT(status, 201);
    REQUIRE(json_equal(body, answer));
    json_decref(body);
    REQUIRE_INT(vt_store_repeat(store, "k", "other", 1000, &status, &body), -EEXIST);
    REQUIRE_INT(vt_store_repeat(store, "k", "f", 1000 + VT_STORE_REPEAT_S, &status, &body), 0);
    json_decref(answer);
    remove_store();
}

TEST(keys_stay_until_they_are_revoked)
{
    remove_store();
    open_store();
    struct vt_key_record key = {.id = "0123456789ab", .sha256 = "0123456789abcdef", .not_before_s = INT64_MIN,
                                .not_after_s = 900, .made_s = 7}, got[2];
    REQUIRE_INT(vt_store_put_key(store, "mango", &key), 0);
    REQUIRE_INT(vt_store_put_key(store, "mango", &key), -EEXIST);
    REQUIRE_INT(vt_store_put_key(store, "papaya", &key), 0);
    open_store();
    REQUIRE_INT(vt_store_keys(store, "mango", got, 2), 1);
    REQUIRE_TEXT(got[0].id, key.id);
    REQUIRE_TEXT(got[0].sha256, key.sha256);
    REQUIRE(got[0].not_before_s == INT64_MIN && got[0].not_after_s == 900 && got[0].made_s == 7);
    REQUIRE_INT(vt_store_delete_key(store, "mango", key.id), 0);
    REQUIRE_INT(vt_store_delete_key(store, "mango", key.id), -ENOENT);
    REQUIRE_INT(vt_store_keys(store, "mango", got, 2), 0);
    REQUIRE_INT(vt_store_keys(store, "papaya", got, 2), 1);
}

static int keep_channel(const char *name, const char *language)
{
    json_t *definition = json_pack("{s:s}", "language", language);
    int error = vt_store_put_channel(store, name, definition);
    json_decref(definition);
    return error;
}

static const char *language_of(const json_t *definition)
{
    return json_string_value(json_object_get(definition, "language"));
}

TEST(an_older_schema_is_brought_up)
{
    struct vt_key_record key = {.id = "0123456789ab", .sha256 = "abc", .made_s = 5}, got;
    sqlite3 *db;
    open_store();
    REQUIRE_INT(vt_store_put_key(store, "older", &key), 0);
    vt_store_free(&store);
    REQUIRE_INT(sqlite3_open(path, &db), SQLITE_OK);
    REQUIRE_INT(sqlite3_exec(db, "DROP TABLE channel; PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    open_store();
    REQUIRE_INT(vt_store_keys(store, "older", &got, 1), 1);
    REQUIRE_INT(keep_channel("older", "en"), 0);
    REQUIRE_INT(vt_store_delete_channel(store, "older"), 0);
}

TEST(channels_stay_until_they_are_removed_with_their_keys)
{
    struct vt_key_record key = {.id = "abcdef012345", .sha256 = "abc", .made_s = 5}, got;
    json_t *definition = NULL, *all = NULL;
    open_store();
    REQUIRE_INT(keep_channel("stall", "en"), 0);
    REQUIRE_INT(keep_channel("stall", "de"), 0);
    REQUIRE_INT(keep_channel("booth", "fr"), 0);
    REQUIRE_INT(vt_store_put_key(store, "stall", &key), 0);
    open_store();
    REQUIRE_INT(vt_store_channel(store, "stall", &definition), 0);
    REQUIRE_TEXT(language_of(definition), "de");
    json_decref(definition);
    REQUIRE_INT(vt_store_channels(store, &all), 0);
    REQUIRE_INT(json_object_size(all), 2);
    REQUIRE_TEXT(language_of(json_object_get(all, "booth")), "fr");
    json_decref(all);
    REQUIRE_INT(vt_store_delete_channel(store, "stall"), 0);
    REQUIRE_INT(vt_store_delete_channel(store, "stall"), -ENOENT);
    REQUIRE_INT(vt_store_channel(store, "stall", &definition), -ENOENT);
    REQUIRE_INT(vt_store_keys(store, "stall", &got, 1), 0);
    REQUIRE_INT(vt_store_channel(store, "booth", &definition), 0);
    json_decref(definition);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/state.db", folder);
    RUN(revisions_rise_and_survive);
    RUN(a_stale_writer_changes_nothing);
    RUN(lists_come_in_pages);
    RUN(an_empty_store_is_filled_once);
    RUN(a_full_disk_is_said_and_nothing_is_lost);
    RUN(a_newer_schema_is_refused);
    RUN(cues_on_air_are_known_after_a_restart);
    RUN(the_log_of_cues_is_limited);
    RUN(answers_are_repeated_for_a_day);
    RUN(keys_stay_until_they_are_revoked);
    RUN(an_older_schema_is_brought_up);
    RUN(channels_stay_until_they_are_removed_with_their_keys);
    rmdir(folder);
    return DONE();
}
