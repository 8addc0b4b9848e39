#include "serve/json.h"

#include <stdbool.h>
#include <stdio.h>

// Brackets outside strings, counted before the recursive parser sees the text.
static bool too_deep(const char *text, size_t size, int limit)
{
    bool quoted = false;
    int depth = 0;
    for (size_t i = 0; i < size; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            depth--;
        if (depth > limit)
            return true;
    }
    return false;
}

json_t *vt_json_parse(const char *text, size_t size, int depth, char *why)
{
    if (too_deep(text, size, depth)) {
        snprintf(why, VT_JSON_WHY, "more than %d arrays and objects in one another", depth);
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        snprintf(why, VT_JSON_WHY, "line %d, column %d: %.*s", error.line, error.column, 100, error.text);
    return value;
}

static int merge_member(json_t *result, const char *key, const json_t *patch)
{
    if (json_is_null(patch)) {
        json_object_del(result, key);
        return 0;
    }
    return json_object_set_new(result, key, vt_json_merge_patch(json_object_get(result, key), patch));
}

json_t *vt_json_merge_patch(const json_t *target, const json_t *patch)
{
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *result = json_is_object(target) ? json_copy((json_t *)target) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)patch, key, value) {
        if (!result || merge_member(result, key, value) < 0) {
            json_decref(result);
            return NULL;
        }
    }
    return result;
}
