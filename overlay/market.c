#include "overlay/market.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mediatime.h"

#define STRICTEST 30
#define DAY_NS    (INT64_C(24) * 3600 * VT_NS_PER_S)

static const struct {
    const char *market;
    int days;
} rules[] = {
    {"none", 0}, {"eu", 30}, {"cn", 7},
    {"at", 30}, {"be", 30}, {"bg", 30}, {"cy", 30}, {"cz", 30}, {"de", 30}, {"dk", 30}, {"ee", 30}, {"es", 30}, {"fi", 30},
    {"fr", 30}, {"gr", 30}, {"hr", 30}, {"hu", 30}, {"ie", 30}, {"is", 30}, {"it", 30}, {"li", 30}, {"lt", 30}, {"lu", 30},
    {"lv", 30}, {"mt", 30}, {"nl", 30}, {"no", 30}, {"pl", 30}, {"pt", 30}, {"ro", 30}, {"se", 30}, {"si", 30}, {"sk", 30},
};

bool vt_market_valid(const char *market)
{
    return !market || strcasecmp(market, "none") == 0 ||
           (strlen(market) == 2 && isalpha((unsigned char)market[0]) && isalpha((unsigned char)market[1]));
}

int vt_market_days(const char *market)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (strcasecmp(rules[i].market, market ? market : "none") == 0)
            return rules[i].days;
    }
    return STRICTEST;
}

// The day that a date or a time begins with, counted from 1970. False when there is none.
static bool read_day(const char *text, int64_t *ret)
{
    char midnight[] = "YYYY-MM-DDT00:00:00Z";
    int64_t ns;
    if (!text || strlen(text) < 10 || (text[10] && vt_parse_time(text, &ns) != 0))
        return false;
    memcpy(midnight, text, 10);
    if (vt_parse_time(midnight, &ns) != 0)
        return false;
    *ret = ns / DAY_NS;                  // midnights are whole days, before 1970, too
    return true;
}

// "lowest_30d" -> 30; 0 for anything else.
static int lowest_of(const char *type)
{
    int days = 0, end = 0;
    if (!type || sscanf(type, "lowest_%4d%n", &days, &end) != 1 || end == 0 || strcmp(type + end, "d") != 0)
        return 0;
    return days;
}

bool vt_market_allows(const char *market, const json_t *prior, const char *start)
{
    const char *from_text = json_string_value(json_object_get(prior, "from"));
    const char *to_text = json_string_value(json_object_get(prior, "to"));
    int days = vt_market_days(market);
    int64_t reduced, from, to;
    if (days == 0)
        return true;
    return lowest_of(json_string_value(json_object_get(prior, "type"))) >= days && read_day(start, &reduced) &&
           read_day(from_text, &from) && read_day(to_text, &to) && reduced - from >= days && to >= reduced - 1;
}
