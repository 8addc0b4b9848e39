// Reading maps by tables of keys.
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/template.h"

static void refuse(const struct vt_yaml *entry, const struct vt_key *table, int count, const char *const *later,
                   const char *what, struct vt_diagnostics *diagnostics)
{
    const char *names[64] = { 0 };
    for (int i = 0; later && later[i]; i++) {
        if (strcmp(later[i], entry->key) == 0) {
            vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                        "the key \"%s\" of %s is not supported yet", entry->key, what);
            return;
        }
    }
    for (int i = 0; i < count && i < 63; i++)
        names[i] = table[i].name;
    const char *near = vt_nearest_name(entry->key, names);
    if (near)
        vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column,
                    "unknown key \"%.60s\" of %s; did you mean \"%s\"?", entry->key, what, near);
    else
        vt_diagnose(diagnostics, VT_ERROR, entry->key_line, entry->key_column, "unknown key \"%.60s\" of %s",
                    entry->key, what);
}

bool vt_keys_check(const struct vt_yaml *map, const struct vt_key *table, int count, const char *const *later,
                   const char *what, struct vt_diagnostics *diagnostics)
{
    bool good = true;
    if (map->kind != VT_YAML_MAP) {
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "%s must be a map of keys and values", what);
        return false;
    }
    for (const struct vt_yaml *entry = map->first; entry; entry = entry->next) {
        int i = 0;
        while (i < count && strcmp(table[i].name, entry->key) != 0)
            i++;
        if (i < count)
            continue;
        refuse(entry, table, count, later, what, diagnostics);
        good = false;
    }
    for (int i = 0; i < count; i++) {
        if (!table[i].required || vt_yaml_get(map, table[i].name))
            continue;
        vt_diagnose(diagnostics, VT_ERROR, map->line, map->column, "%s needs `%s`", what, table[i].name);
        good = false;
    }
    return good;
}

bool vt_read_integer(const struct vt_yaml *scalar, int64_t min, int64_t max, const char *what, int64_t *ret,
                     struct vt_diagnostics *diagnostics)
{
    char *end = NULL;
    errno = 0;
    long long value = scalar->kind == VT_YAML_SCALAR && *scalar->text ? strtoll(scalar->text, &end, 10) : 0;
    if (!end || *end || errno || value < min || value > max) {
        vt_diagnose(diagnostics, VT_ERROR, scalar->line, scalar->column, "%s must be a whole number from %lld to %lld",
                    what, (long long)min, (long long)max);
        return false;
    }
    *ret = value;
    return true;
}

bool vt_read_duration(const struct vt_yaml *scalar, const char *what, int64_t *ret, struct vt_diagnostics *diagnostics)
{
    char *end = NULL;
    double value = scalar->kind == VT_YAML_SCALAR && *scalar->text ? g_ascii_strtod(scalar->text, &end) : NAN;
    double unit = !end || end == scalar->text ? NAN : strcmp(end, "ms") == 0 ? 1e6 : strcmp(end, "s") == 0 ? 1e9 : NAN;
    if (!(value * unit >= 0 && value * unit <= (double)VT_MOTION_NS_MAX)) {
        vt_diagnose(diagnostics, VT_ERROR, scalar->line, scalar->column,
                    "%s must be a duration up to %d s, such as 320ms or 0.5s", what,
                    (int)(VT_MOTION_NS_MAX / VT_NS_PER_S));
        return false;
    }
    *ret = llround(value * unit);
    return true;
}

bool vt_read_span(const struct vt_yaml *scalar, const char *what, int64_t *ret, struct vt_diagnostics *diagnostics)
{
    static const struct {
        const char *suffix;
        double ns;
    } units[] = { { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 } };
    char *end = NULL;
    double value = scalar->kind == VT_YAML_SCALAR && *scalar->text ? g_ascii_strtod(scalar->text, &end) : NAN, unit = NAN;
    for (size_t i = 0; end && end != scalar->text && i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].suffix, end) == 0)
            unit = units[i].ns;
    }
    if (!(value * unit >= 1e8 && value * unit <= (double)VT_SPAN_NS_MAX)) {
        vt_diagnose(diagnostics, VT_ERROR, scalar->line, scalar->column,
                    "`%s` must be a time from 100ms to 24h, such as 90s or 10m", what);
        return false;
    }
    *ret = llround(value * unit);
    return true;
}
