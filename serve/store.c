#include "serve/store.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct vt_store {
    sqlite3 *db;
};

// Schema changes in order; the store's user_version says how many have been made.
static const char *const migrations[VT_STORE_VERSION] = {
    "CREATE TABLE product ("
    "  id TEXT PRIMARY KEY, rev INTEGER NOT NULL, json TEXT) WITHOUT ROWID;"      // json NULL: deleted
    "CREATE TABLE cue ("
    "  channel TEXT, show TEXT, id TEXT, take TEXT NOT NULL, answer TEXT NOT NULL, taken_ns INTEGER NOT NULL,"
    "  rev INTEGER NOT NULL, on_air INTEGER NOT NULL, PRIMARY KEY (channel, show, id));"
    "CREATE TABLE repeat ("
    "  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at_s INTEGER NOT NULL, status INTEGER NOT NULL,"
    "  body TEXT) WITHOUT ROWID;"
    "CREATE INDEX repeat_at ON repeat (at_s);",
    "CREATE TABLE stream_key ("
    "  channel TEXT, id TEXT, sha256 TEXT NOT NULL, not_before_s INTEGER NOT NULL, not_after_s INTEGER NOT NULL,"
    "  made_s INTEGER NOT NULL, PRIMARY KEY (channel, id));",
    "CREATE TABLE channel (name TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID;",
};

static int store_error(struct vt_store *store)
{
    switch (sqlite3_errcode(store->db)) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return -EROFS;
    default:
        vt_error("state store: %s", sqlite3_errmsg(store->db));
        return -EIO;
    }
}

static int run(struct vt_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(store);
}

// A statement with its arguments bound: "t" text (NULL allowed), "i" int64_t. NULL on an error.
static sqlite3_stmt *prepare(struct vt_store *store, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    va_list args;
    va_start(args, types);
    for (int i = 1; *types; types++, i++) {
        if (*types == 'i')
            sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
        else
            sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
    }
    va_end(args);
    return statement;
}

// Runs a statement that gives no rows, and finishes it. `statement` may be NULL: its making failed.
static int finish(struct vt_store *store, sqlite3_stmt *statement)
{
    int error = statement && sqlite3_step(statement) == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_finalize(statement);
    return error;
}

// One integer. Returns 0, -ENOENT without a row, or an error.
static int query_int(struct vt_store *store, sqlite3_stmt *statement, int64_t *ret)
{
    int step = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    int error = step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? -ENOENT : store_error(store);
    if (error == 0)
        *ret = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return error;
}

static json_t *column_json(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

// Ends a transaction: commits after success, rolls back otherwise. Returns what the whole came to.
static int end_transaction(struct vt_store *store, int error)
{
    if (error == 0)
        error = run(store, "COMMIT");
    if (error < 0 && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return error;
}

static int migrate(struct vt_store *store)
{
    int64_t version = 0;
    int error = query_int(store, prepare(store, "PRAGMA user_version", ""), &version);
    if (error < 0)
        return error;
    if (version > VT_STORE_VERSION)
        return -EPROTO;
    for (; version < VT_STORE_VERSION; version++) {
        char done[64];
        sqlite3_snprintf(sizeof done, done, "PRAGMA user_version = %d", (int)version + 1);
        error = run(store, "BEGIN IMMEDIATE");
        if (error == 0)
            error = run(store, migrations[version]);
        if (error == 0)
            error = run(store, done);
        error = end_transaction(store, error);
        if (error < 0)
            return error;
    }
    return 0;
}

int vt_store_open(struct vt_store **ret, const char *path)
{
    struct vt_store *store = calloc(1, sizeof *store);
    if (!store)
        return -ENOMEM;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int error = 0;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK)
        error = store->db ? store_error(store) : -ENOMEM;
    if (error == 0) {
        sqlite3_busy_timeout(store->db, 2000);
        error = run(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                           "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
    }
    if (error == 0)
        error = migrate(store);
    if (error < 0) {
        vt_store_free(&store);
        return error;
    }
    *ret = store;
    return 0;
}

void vt_store_free(struct vt_store **store)
{
    if (!*store)
        return;
    sqlite3_close((*store)->db);
    free(*store);
    *store = NULL;
}

void vt_store_limit_pages(struct vt_store *store, int pages)
{
    char text[64];
    sqlite3_snprintf(sizeof text, text, "PRAGMA max_page_count = %d", pages);
    sqlite3_exec(store->db, text, NULL, NULL, NULL);
}

// ---- products

int vt_store_product(struct vt_store *store, const char *id, json_t **ret)
{
    sqlite3_stmt *statement = prepare(store, "SELECT json FROM product WHERE id = ? AND json NOT NULL", "t", id);
    int step = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    int error = step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? -ENOENT : store_error(store);
    json_t *product = error == 0 ? column_json(statement, 0) : NULL;
    sqlite3_finalize(statement);
    if (error == 0 && !product)
        return -EIO;
    if (error == 0)
        *ret = product;
    return error;
}

int vt_store_products(struct vt_store *store, const char *after, int limit, json_t **ret)
{
    json_t *list = json_array();
    sqlite3_stmt *statement = prepare(
        store, "SELECT json FROM product WHERE id > ? AND json NOT NULL ORDER BY id LIMIT ?", "ti",
        after ? after : "", (int64_t)limit);
    int step = SQLITE_ERROR;
    while (list && statement && (step = sqlite3_step(statement)) == SQLITE_ROW)
        json_array_append_new(list, column_json(statement, 0));
    int error = step == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_finalize(statement);
    if (error < 0) {
        json_decref(list);
        return error;
    }
    *ret = list;
    return 0;
}

int vt_store_product_count(struct vt_store *store, int64_t *ret)
{
    return query_int(store, prepare(store, "SELECT count(*) FROM product WHERE json NOT NULL", ""), ret);
}

struct product_row {
    int64_t rev;                         // 0: it never was there
    json_t *product;                     // NULL: not there now
};

static int find_row(struct vt_store *store, const char *id, struct product_row *row)
{
    *row = (struct product_row){0};
    sqlite3_stmt *statement = prepare(store, "SELECT rev, json FROM product WHERE id = ?", "t", id);
    int step = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    if (step == SQLITE_ROW) {
        row->rev = sqlite3_column_int64(statement, 0);
        row->product = column_json(statement, 1);
    }
    int error = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_finalize(statement);
    return error;
}

static bool rev_expected(const struct product_row *row, int64_t expected)
{
    return expected == VT_REV_ANY || expected == (row->product ? row->rev : VT_REV_NONE);
}

static int write_row(struct vt_store *store, const char *id, int64_t rev, const json_t *product)
{
    char *text = product ? json_dumps(product, JSON_COMPACT) : NULL;
    if (product && !text)
        return -ENOMEM;
    int error = finish(store, prepare(store,
                                      "INSERT INTO product (id, rev, json) VALUES (?, ?, ?)"
                                      " ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, json = excluded.json",
                                      "tit", id, rev, text));
    free(text);
    return error;
}

// The write itself, inside a transaction.
static int put_product(struct vt_store *store, const char *id, const json_t *product, int64_t expected, json_t **ret)
{
    struct product_row row;
    int error = find_row(store, id, &row);
    if (error == 0 && !rev_expected(&row, expected))
        error = -ESTALE;
    json_t *next = error == 0 ? json_copy((json_t *)product) : NULL;
    if (error == 0 && (!next || json_object_set_new(next, "id", json_string(id)) < 0 ||
                       json_object_set_new(next, "rev", json_integer(row.rev)) < 0))
        error = -ENOMEM;
    if (error == 0 && !json_equal(next, row.product)) {
        json_object_set_new(next, "rev", json_integer(row.rev + 1));
        error = write_row(store, id, row.rev + 1, next);
    }
    json_decref(row.product);
    if (error < 0) {
        json_decref(next);
        return error;
    }
    *ret = next;
    return 0;
}

int vt_store_put_product(struct vt_store *store, const char *id, const json_t *product, int64_t expected,
                         json_t **ret)
{
    json_t *stored = NULL;
    int error = run(store, "BEGIN IMMEDIATE");
    if (error < 0)
        return error;
    error = end_transaction(store, put_product(store, id, product, expected, &stored));
    if (error < 0) {
        json_decref(stored);
        return error;
    }
    *ret = stored;
    return 0;
}

static int delete_product(struct vt_store *store, const char *id, int64_t expected)
{
    struct product_row row;
    int error = find_row(store, id, &row);
    if (error == 0 && !row.product)
        error = -ENOENT;
    if (error == 0 && !rev_expected(&row, expected))
        error = -ESTALE;
    if (error == 0)
        error = write_row(store, id, row.rev + 1, NULL);
    json_decref(row.product);
    return error;
}

int vt_store_delete_product(struct vt_store *store, const char *id, int64_t expected)
{
    int error = run(store, "BEGIN IMMEDIATE");
    return error < 0 ? error : end_transaction(store, delete_product(store, id, expected));
}

static int import_all(struct vt_store *store, const json_t *list)
{
    int64_t count = 0;
    int error = query_int(store, prepare(store, "SELECT count(*) FROM product", ""), &count);
    if (error < 0 || count > 0)
        return error;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *product = json_array_get(list, i);
        json_t *stored = NULL;
        error = put_product(store, json_string_value(json_object_get(product, "id")), product, VT_REV_ANY, &stored);
        json_decref(stored);
        if (error < 0)
            return error;
    }
    return (int)json_array_size(list);
}

int vt_store_import(struct vt_store *store, const json_t *list)
{
    int error = run(store, "BEGIN IMMEDIATE");
    if (error < 0)
        return error;
    int count = import_all(store, list);
    error = end_transaction(store, count < 0 ? count : 0);
    return error < 0 ? error : count;
}

// ---- cues

int vt_store_put_cue(struct vt_store *store, const struct vt_cue_record *record)
{
    char *take = json_dumps(record->take, JSON_COMPACT), *answer = json_dumps(record->answer, JSON_COMPACT);
    int error = take && answer ? 0 : -ENOMEM;
    if (error == 0)
        error = finish(store, prepare(store,
                                      "INSERT OR REPLACE INTO cue (channel, show, id, take, answer, taken_ns, rev,"
                                      " on_air) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                      "tttttiii", record->channel, record->show, record->id, take, answer,
                                      record->taken_ns, record->rev, (int64_t)record->on_air));
    free(take);
    free(answer);
    if (error == 0)
        (void)finish(store, prepare(store,
                                    "DELETE FROM cue WHERE channel = ? AND on_air = 0 AND rowid <= (SELECT rowid FROM"
                                    " cue WHERE channel = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
                                    "tti", record->channel, record->channel, (int64_t)VT_STORE_CUES));
    return error;
}

int vt_store_note_cue(struct vt_store *store, const char *channel, const char *show, const char *id, int64_t rev,
                      bool on_air)
{
    int error = finish(store, prepare(store,
                                      "UPDATE cue SET rev = max(rev, ?), on_air = ?"
                                      " WHERE channel = ? AND show = ? AND id = ?",
                                      "iittt", rev, (int64_t)on_air, channel, show, id));
    return error == 0 && sqlite3_changes(store->db) == 0 ? -ENOENT : error;
}

static json_t *find_take(struct vt_store *store, const char *channel, const char *show, const char *id)
{
    sqlite3_stmt *statement = prepare(store, "SELECT take FROM cue WHERE channel = ? AND show = ? AND id = ?", "ttt",
                                      channel, show, id);
    json_t *take = statement && sqlite3_step(statement) == SQLITE_ROW ? column_json(statement, 0) : NULL;
    sqlite3_finalize(statement);
    return take;
}

int vt_store_change_cue(struct vt_store *store, const char *channel, const char *show, const char *id,
                        const json_t *patch)
{
    json_t *take = find_take(store, channel, show, id);
    if (!take)
        return -ENOENT;
    json_t *data = json_object_get(take, "data"), *changes = json_object_get(patch, "data");
    json_t *merged = json_is_object(data) ? json_copy(data) : json_object();
    if (changes)
        json_object_update(merged, changes);
    json_object_update(take, (json_t *)patch);
    if (changes)
        json_object_set(take, "data", merged);
    char *text = json_dumps(take, JSON_COMPACT);
    int error = finish(store, prepare(store, "UPDATE cue SET take = ? WHERE channel = ? AND show = ? AND id = ?",
                                      "tttt", text, channel, show, id));
    free(text);
    json_decref(merged);
    json_decref(take);
    return error;
}

static void visit_row(sqlite3_stmt *row, const char *channel, const char *show, vt_visit_cue *visit, void *opaque)
{
    struct vt_cue_record record = {
        .channel = channel,
        .show = show,
        .id = (const char *)sqlite3_column_text(row, 0),
        .take = column_json(row, 1),
        .answer = column_json(row, 2),
        .taken_ns = sqlite3_column_int64(row, 3),
        .rev = sqlite3_column_int64(row, 4),
        .on_air = sqlite3_column_int(row, 5) != 0,
    };
    if (record.id && record.take && record.answer)
        visit(opaque, &record);
    json_decref(record.take);
    json_decref(record.answer);
}

int vt_store_cues(struct vt_store *store, const char *channel, const char *show, bool all, vt_visit_cue *visit,
                  void *opaque)
{
    sqlite3_stmt *statement = prepare(store,
                                      "SELECT id, take, answer, taken_ns, rev, on_air FROM cue"
                                      " WHERE channel = ? AND show = ? AND (on_air OR ?) ORDER BY rowid",
                                      "tti", channel, show, (int64_t)all);
    int step = SQLITE_ERROR;
    while (statement && (step = sqlite3_step(statement)) == SQLITE_ROW)
        visit_row(statement, channel, show, visit, opaque);
    int error = step == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_finalize(statement);
    return error;
}

// ---- channels

int vt_store_put_channel(struct vt_store *store, const char *name, const json_t *definition)
{
    char *text = json_dumps(definition, JSON_COMPACT);
    int error = text ? finish(store, prepare(store, "INSERT OR REPLACE INTO channel (name, definition) VALUES (?, ?)", "tt",
                                             name, text)) : -ENOMEM;
    free(text);
    return error;
}

static int delete_channel(struct vt_store *store, const char *name)
{
    int error = finish(store, prepare(store, "DELETE FROM channel WHERE name = ?", "t", name));
    if (error == 0 && sqlite3_changes(store->db) == 0)
        error = -ENOENT;
    if (error == 0)
        error = finish(store, prepare(store, "DELETE FROM stream_key WHERE channel = ?", "t", name));
    return error ? error : finish(store, prepare(store, "DELETE FROM cue WHERE channel = ?", "t", name));
}

int vt_store_delete_channel(struct vt_store *store, const char *name)
{
    int error = run(store, "BEGIN IMMEDIATE");
    return error < 0 ? error : end_transaction(store, delete_channel(store, name));
}

int vt_store_channel(struct vt_store *store, const char *name, json_t **ret)
{
    sqlite3_stmt *statement = prepare(store, "SELECT definition FROM channel WHERE name = ?", "t", name);
    int step = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    int error = step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? -ENOENT : store_error(store);
    json_t *definition = error == 0 ? column_json(statement, 0) : NULL;
    sqlite3_finalize(statement);
    if (error == 0 && !definition)
        return -EIO;
    if (error == 0)
        *ret = definition;
    return error;
}

int vt_store_channels(struct vt_store *store, json_t **ret)
{
    json_t *all = json_object();
    sqlite3_stmt *statement = prepare(store, "SELECT name, definition FROM channel ORDER BY name", "");
    int step = SQLITE_ERROR;
    while (all && statement && (step = sqlite3_step(statement)) == SQLITE_ROW)
        json_object_set_new(all, (const char *)sqlite3_column_text(statement, 0), column_json(statement, 1));
    int error = step == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_finalize(statement);
    if (error < 0) {
        json_decref(all);
        return error;
    }
    *ret = all;
    return 0;
}

// ---- stream keys

int vt_store_put_key(struct vt_store *store, const char *channel, const struct vt_key_record *key)
{
    int error = finish(store, prepare(store,
                                      "INSERT OR IGNORE INTO stream_key (channel, id, sha256, not_before_s,"
                                      " not_after_s, made_s) VALUES (?, ?, ?, ?, ?, ?)",
                                      "tttiii", channel, key->id, key->sha256, key->not_before_s, key->not_after_s,
                                      key->made_s));
    return error == 0 && sqlite3_changes(store->db) == 0 ? -EEXIST : error;
}

int vt_store_delete_key(struct vt_store *store, const char *channel, const char *id)
{
    int error = finish(store, prepare(store, "DELETE FROM stream_key WHERE channel = ? AND id = ?", "tt", channel, id));
    return error == 0 && sqlite3_changes(store->db) == 0 ? -ENOENT : error;
}

static void copy_column(sqlite3_stmt *row, int column, char *out, size_t room)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    snprintf(out, room, "%s", text ? text : "");
}

int vt_store_keys(struct vt_store *store, const char *channel, struct vt_key_record *ret, int most)
{
    sqlite3_stmt *statement = prepare(store,
                                      "SELECT id, sha256, not_before_s, not_after_s, made_s FROM stream_key"
                                      " WHERE channel = ? ORDER BY rowid LIMIT ?",
                                      "ti", channel, (int64_t)most);
    int count = 0, step = SQLITE_ERROR;
    while (statement && (step = sqlite3_step(statement)) == SQLITE_ROW && count < most) {
        struct vt_key_record *key = &ret[count++];
        copy_column(statement, 0, key->id, sizeof key->id);
        copy_column(statement, 1, key->sha256, sizeof key->sha256);
        key->not_before_s = sqlite3_column_int64(statement, 2);
        key->not_after_s = sqlite3_column_int64(statement, 3);
        key->made_s = sqlite3_column_int64(statement, 4);
    }
    int error = step == SQLITE_DONE ? 0 : store_error(store);
    sqlite3_finalize(statement);
    return error ? error : count;
}

// ---- repeated requests

int vt_store_repeat(struct vt_store *store, const char *key, const char *fingerprint, int64_t now_s, int *ret_status,
                    json_t **ret_body)
{
    sqlite3_stmt *statement = prepare(store, "SELECT fingerprint, status, body FROM repeat WHERE key = ? AND at_s > ?",
                                      "ti", key, now_s - VT_STORE_REPEAT_S);
    int step = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    int result = step == SQLITE_DONE ? 0 : step == SQLITE_ROW ? 1 : store_error(store);
    if (result == 1 && strcmp((const char *)sqlite3_column_text(statement, 0), fingerprint) != 0)
        result = -EEXIST;
    if (result == 1) {
        *ret_status = sqlite3_column_int(statement, 1);
        *ret_body = column_json(statement, 2);
    }
    sqlite3_finalize(statement);
    return result;
}

int vt_store_keep_answer(struct vt_store *store, const char *key, const char *fingerprint, int64_t now_s, int status,
                         const json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    int error = finish(store, prepare(store,
                                      "INSERT OR REPLACE INTO repeat (key, fingerprint, at_s, status, body)"
                                      " VALUES (?, ?, ?, ?, ?)",
                                      "ttiit", key, fingerprint, now_s, (int64_t)status, text));
    free(text);
    if (error == 0)
        (void)finish(store, prepare(store,
                                    "DELETE FROM repeat WHERE at_s <= ? OR at_s < (SELECT at_s FROM repeat"
                                    " ORDER BY at_s DESC LIMIT 1 OFFSET ?)",
                                    "ii", now_s - VT_STORE_REPEAT_S, (int64_t)VT_STORE_REPEATS));
    return error;
}
