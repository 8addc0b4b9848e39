#include "overlay/money.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// ISO 4217, active codes by their number of decimals.
static const struct {
    int exponent;
    const char *codes;
} exponents[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
    {2, "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
         "CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
         "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
         "MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD "
         "SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER "
         "ZAR ZMW"},
    {3, "BHD IQD JOD KWD LYD OMR TND"},
    {4, "CLF UYW"},
};

int vt_currency_exponent(const char *code)
{
    if (!code || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3 || code[3])
        return -1;
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        if (strstr(exponents[i].codes, code))
            return exponents[i].exponent;
    }
    return -1;
}

bool vt_money_from_json(const json_t *money, int64_t *ret_amount, char ret_currency[4])
{
    const json_t *amount = json_object_get(money, "amount");
    const char *currency = json_string_value(json_object_get(money, "currency"));
    if (!json_is_integer(amount) || vt_currency_exponent(currency) < 0)
        return false;
    int64_t value = json_integer_value(amount);
    if (value > VT_MONEY_MAX || value < -VT_MONEY_MAX)
        return false;
    *ret_amount = value;
    memcpy(ret_currency, currency, 4);
    return true;
}

struct manner {
    const char *language;
    const char *point, *group;
    bool symbol_first;
};

#define NBSP  "\xc2\xa0"
#define NNBSP "\xe2\x80\xaf"

static const struct manner manners[] = {
    {"en", ".", ",",   true}, {"de", ",", ".",   false}, {"fr", ",", NNBSP, false},
    {"es", ",", ".",   false}, {"it", ",", ".",   false}, {"pt", ",", ".",   false},
    {"pl", ",", NBSP,  false}, {"ru", ",", NBSP,  false}, {"sv", ",", NBSP,  false},
    {"tr", ",", ".",   true}, {"nl", ",", ".",   true}, {"zh", ".", ",",   true},
    {"ja", ".", ",",   true}, {"ko", ".", ",",   true}, {"th", ".", ",",   true},
    {"ar", ".", ",",   false}, {"he", ".", ",",   false},
};

static const struct {
    const char *code, *language, *symbol;      // language NULL: all that have no row above
} symbols[] = {
    {"CNY", "zh", "¥"},   {"JPY", "ja", "¥"},  {"JPY", "zh", "JP¥"}, {"SAR", "ar", "ر.س"},
    {"AED", "ar", "د.إ"}, {"KWD", "ar", "د.ك"}, {"BHD", "ar", "د.ب"}, {"EGP", "ar", "ج.م"},
    {"EUR", NULL, "€"},   {"USD", NULL, "$"},  {"GBP", NULL, "£"},   {"JPY", NULL, "¥"},
    {"CNY", NULL, "CN¥"}, {"KRW", NULL, "₩"},  {"INR", NULL, "₹"},   {"ILS", NULL, "₪"},
    {"VND", NULL, "₫"},   {"THB", NULL, "฿"},  {"UAH", NULL, "₴"},   {"TRY", NULL, "₺"},
    {"RUB", NULL, "₽"},   {"PLN", NULL, "zł"},
};

static const struct manner *find_manner(const char *language)
{
    for (size_t i = 0; language && i < sizeof manners / sizeof *manners; i++) {
        if (strncmp(language, manners[i].language, 2) == 0 && (!language[2] || language[2] == '-'))
            return &manners[i];
    }
    return &manners[0];
}

static const char *find_symbol(const char *currency, const struct manner *manner)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        bool applies = !symbols[i].language || strcmp(symbols[i].language, manner->language) == 0;
        if (applies && strcmp(symbols[i].code, currency) == 0)
            return symbols[i].symbol;
    }
    return currency;
}

static void write_grouped(char *out, size_t room, uint64_t whole, const char *group)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, whole);
    size_t at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            at += (size_t)snprintf(out + at, room - at, "%s", group);
        out[at++] = digits[i];
    }
    out[at] = 0;
}

int vt_number_format(double value, int decimals, const char *language, char out[VT_MONEY_TEXT])
{
    const struct manner *manner = find_manner(language);
    double unit = pow(10, decimals), scaled = round(fabs(value) * unit);
    if (!(scaled <= (double)VT_MONEY_MAX) || decimals < 0 || decimals > 6)
        return -EINVAL;
    char whole[40], part[16] = "";
    uint64_t digits = (uint64_t)scaled;
    write_grouped(whole, sizeof whole, digits / (uint64_t)unit, manner->group);
    if (decimals)
        snprintf(part, sizeof part, "%s%0*u", manner->point, decimals, (unsigned)(digits % (uint64_t)unit));
    snprintf(out, VT_MONEY_TEXT, "%s%s%s", value < 0 && digits ? "\xe2\x88\x92" : "", whole, part);
    return 0;
}

int vt_money_format(int64_t amount, const char *currency, const char *language, char out[VT_MONEY_TEXT])
{
    int exponent = vt_currency_exponent(currency);
    if (exponent < 0 || amount > VT_MONEY_MAX || amount < -VT_MONEY_MAX)
        return -EINVAL;
    const struct manner *manner = find_manner(language);
    uint64_t unit = 1, value = (uint64_t)(amount < 0 ? -amount : amount);
    for (int i = 0; i < exponent; i++)
        unit *= 10;

    char whole[40], part[8] = "";
    write_grouped(whole, sizeof whole, value / unit, manner->group);
    if (exponent)
        snprintf(part, sizeof part, "%s%0*u", manner->point, exponent, (unsigned)(value % unit));

    const char *symbol = find_symbol(currency, manner), *minus = amount < 0 ? "\xe2\x88\x92" : "";
    if (manner->symbol_first) {
        const char *space = strcmp(symbol, currency) == 0 ? NBSP : "";
        snprintf(out, VT_MONEY_TEXT, "%s%s%s%s%s", minus, symbol, space, whole, part);
    } else {
        snprintf(out, VT_MONEY_TEXT, "%s%s%s" NBSP "%s", minus, whole, part, symbol);
    }
    return 0;
}
