#include "check.h"

#include <errno.h>

#include "overlay/money.h"

TEST(exponents_are_iso_4217s)
{
    REQUIRE_INT(vt_currency_exponent("EUR"), 2);
    REQUIRE_INT(vt_currency_exponent("JPY"), 0);
    REQUIRE_INT(vt_currency_exponent("KRW"), 0);
    REQUIRE_INT(vt_currency_exponent("BHD"), 3);
    REQUIRE_INT(vt_currency_exponent("CLF"), 4);
    REQUIRE_INT(vt_currency_exponent("XXQ"), -1);
    REQUIRE_INT(vt_currency_exponent("eur"), -1);
    REQUIRE_INT(vt_currency_exponent("EURO"), -1);
    REQUIRE_INT(vt_currency_exponent("EU"), -1);
    REQUIRE_INT(vt_currency_exponent(NULL), -1);
}

TEST(languages_write_it_their_way)
{
    static const struct {
        int64_t amount;
        const char *currency, *language, *expected;
    } cases[] = {
        {5999, "EUR", "en", "€59.99"},
        {5999, "EUR", "de", "59,99\u00a0€"},
        {123456789, "EUR", "de", "1.234.567,89\u00a0€"},
        {123456789, "USD", "en-US", "$1,234,567.89"},
        {8800, "CNY", "zh", "¥88.00"},
        {8800, "CNY", "zh-Hans-CN", "¥88.00"},
        {8800, "CNY", "en", "CN¥88.00"},
        {12800, "JPY", "ja", "¥12,800"},
        {12800, "JPY", "zh", "JP¥12,800"},
        {59900, "SAR", "ar", "599.00\u00a0ر.س"},
        {59900, "SAR", "en", "SAR\u00a0599.00"},
        {1005, "BHD", "en", "BHD\u00a01.005"},
        {5, "EUR", "en", "€0.05"},
        {-5, "EUR", "en", "−€0.05"},
        {0, "JPY", "en", "¥0"},
        {5999, "EUR", NULL, "€59.99"},
        {5999, "EUR", "xx", "€59.99"},
        {VT_MONEY_MAX, "EUR", "fr", "10\u202f000\u202f000\u202f000\u202f000,00\u00a0€"},
    };
    char text[VT_MONEY_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        REQUIRE_INT(vt_money_format(cases[i].amount, cases[i].currency, cases[i].language, text), 0);
        REQUIRE_TEXT(text, cases[i].expected);
    }
    REQUIRE_INT(vt_money_format(1, "ABC", "en", text), -EINVAL);
    REQUIRE_INT(vt_money_format(VT_MONEY_MAX + 1, "EUR", "en", text), -EINVAL);
}

static bool reads(const char *json)
{
    int64_t amount;
    char currency[4];
    json_t *money = json_loads(json, JSON_DECODE_ANY, NULL);
    bool good = vt_money_from_json(money, &amount, currency);
    json_decref(money);
    return good;
}

TEST(only_whole_minor_units_are_money)
{
    REQUIRE(reads("{\"amount\": 5999, \"currency\": \"EUR\"}"));
    REQUIRE(reads("{\"amount\": 1000000000000000, \"currency\": \"EUR\"}"));
    REQUIRE(!reads("{\"amount\": 1000000000000001, \"currency\": \"EUR\"}"));
    REQUIRE(!reads("{\"amount\": 59.99, \"currency\": \"EUR\"}"));
    REQUIRE(!reads("{\"amount\": \"5999\", \"currency\": \"EUR\"}"));
    REQUIRE(!reads("{\"amount\": 5999}"));
    REQUIRE(!reads("5999"));
    REQUIRE(!vt_money_from_json(NULL, &(int64_t){0}, (char[4]){0}));
}

int main(void)
{
    RUN(exponents_are_iso_4217s);
    RUN(languages_write_it_their_way);
    RUN(only_whole_minor_units_are_money);
    return DONE();
}
