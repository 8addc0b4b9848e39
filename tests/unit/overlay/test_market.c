#include "check.h"

#include "overlay/market.h"

static bool allows(const char *market, const char *type, const char *from, const char *to, const char *start)
{
    json_t *prior = json_pack("{s:i, s:s, s:s?, s:s?, s:s?}", "amount", 8999, "currency", "EUR", "type", type, "from", from,
                              "to", to);
    bool allowed = vt_market_allows(market, prior, start);
    json_decref(prior);
    return allowed;
}

TEST(names)
{
    static const char *const good[] = {NULL, "none", "None", "eu", "EU", "de", "US", "sa"};
    static const char *const bad[] = {"", "d", "deu", "e1", "none ", "d-"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        REQUIRE(vt_market_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        REQUIRE(!vt_market_valid(bad[i]));
}

TEST(rules)
{
    static const struct {
        const char *market;
        int days;
    } cases[] = {{NULL, 0}, {"none", 0}, {"eu", 30}, {"DE", 30}, {"sk", 30}, {"no", 30}, {"cn", 7}, {"us", 30}, {"gb", 30},
                 {"zz", 30}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        REQUIRE_INT(vt_market_days(cases[i].market), cases[i].days);
}

TEST(without_a_rule_anything_goes)
{
    REQUIRE(vt_market_allows(NULL, NULL, NULL));
    REQUIRE(vt_market_allows("none", NULL, NULL));
    REQUIRE(!vt_market_allows("eu", NULL, "2026-03-01"));
    REQUIRE(!vt_market_allows("us", NULL, "2026-03-01"));
}

// Each case breaks one thing of a price that may stand: lowest of 2026-01-30 to 2026-02-28, reduced on 2026-03-01.
TEST(thirty_days_and_no_fewer)
{
    static const struct {
        const char *type, *from, *to, *start;
        bool allowed;
    } cases[] = {
        {"lowest_30d", "2026-01-30", "2026-02-28", "2026-03-01", true},
        {"lowest_30d", "2026-01-30", "2026-02-28", "2026-03-01T19:00:00Z", true},
        {"lowest_30d", "2026-01-30T00:00:00Z", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", true},
        {"lowest_30d", "2026-01-31", "2026-02-28", "2026-03-01", false},             // 29 days
        {"lowest_30d", "2026-01-29", "2026-02-28", "2026-03-01", true},              // 31
        {"lowest_30d", "2026-01-30", "2026-02-27", "2026-03-01", false},             // the last day is left out
        {"lowest_30d", "2026-01-30", "2026-03-05", "2026-03-01", true},              // and on into the sale
        {"lowest_30d", "2026-01-30", "2026-02-28", "2026-03-02", false},             // an older price
        {"lowest_30d", "2024-01-31", "2024-02-29", "2024-03-01", true},              // a leap year
        {"lowest_30d", "2024-02-01", "2024-02-29", "2024-03-01", false},
        {"lowest_30d", "2026-01-30", "2026-02-28", "2026-03-01T00:30:00+09:00", true},   // the day that was written
        {"lowest_60d", "2025-12-31", "2026-02-28", "2026-03-01", true},
        {"lowest_29d", "2025-12-31", "2026-02-28", "2026-03-01", false},
        {"lowest_7d", "2026-01-30", "2026-02-28", "2026-03-01", false},
        {"list", "2026-01-30", "2026-02-28", "2026-03-01", false},
        {"lowest_30", "2026-01-30", "2026-02-28", "2026-03-01", false},
        {"lowest_30days", "2026-01-30", "2026-02-28", "2026-03-01", false},
        {"lowest_d", "2026-01-30", "2026-02-28", "2026-03-01", false},
        {NULL, "2026-01-30", "2026-02-28", "2026-03-01", false},
        {"lowest_30d", NULL, "2026-02-28", "2026-03-01", false},
        {"lowest_30d", "2026-01-30", NULL, "2026-03-01", false},
        {"lowest_30d", "2026-01-30", "2026-02-28", NULL, false},
        {"lowest_30d", "last month", "2026-02-28", "2026-03-01", false},
        {"lowest_30d", "2026-01-30", "2026-02-31", "2026-03-01", false},
        {"lowest_30d", "2026-01-30", "2026-02-28", "2026-03-01 soon", false},
        {"lowest_30d", "2026-01-30", "2026-02-28", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (allows("eu", cases[i].type, cases[i].from, cases[i].to, cases[i].start) != cases[i].allowed)
            check_fail(__FILE__, __LINE__, "case %zu must %sbe allowed", i, cases[i].allowed ? "" : "not ");
    }
}

TEST(seven_days_in_china)
{
    REQUIRE(allows("cn", "lowest_7d", "2026-02-22", "2026-02-28", "2026-03-01"));
    REQUIRE(!allows("cn", "lowest_7d", "2026-02-23", "2026-02-28", "2026-03-01"));
    REQUIRE(allows("cn", "lowest_30d", "2026-01-30", "2026-02-28", "2026-03-01"));
    REQUIRE(!allows("cn", "lowest_6d", "2026-02-22", "2026-02-28", "2026-03-01"));
    REQUIRE(!allows("us", "lowest_7d", "2026-02-22", "2026-02-28", "2026-03-01"));
}

int main(void)
{
    RUN(names);
    RUN(rules);
    RUN(without_a_rule_anything_goes);
    RUN(thirty_days_and_no_fewer);
    RUN(seven_days_in_china);
    return DONE();
}
