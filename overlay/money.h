// Money: integer minor units and an ISO 4217 code, written as a language writes it. Pure; never a float.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_MONEY_MAX  INT64_C(1000000000000000)    // largest amount, minor units
#define VT_MONEY_TEXT 64                           // bytes that a written amount takes at most, with its NUL

// Digits after the point: JPY 0, EUR 2, BHD 3. -1: not a currency.
int vt_currency_exponent(const char *code);

// From {"amount": 5999, "currency": "EUR"}. False when `money` is anything else (outputs untouched).
bool vt_money_from_json(const json_t *money, int64_t *ret_amount, char ret_currency[4]);

// A number with `decimals` (0..6) digits after the point, grouped as the language does. Returns 0, or -EINVAL beyond
// VT_MONEY_MAX.
int vt_number_format(double value, int decimals, const char *language, char out[VT_MONEY_TEXT]);

// "€59.99" in English, "59,99 €" in German. Digits are Latin in every language. `language` is BCP 47; its first
// subtag decides, English when it is not known. Returns 0, or -EINVAL for what is not a currency.
int vt_money_format(int64_t amount, const char *currency, const char *language, char out[VT_MONEY_TEXT]);
