// What a product must look like: Google Merchant's words, money in minor units. Pure.
//
// Members that are not known are kept as they are, so that a shop's own fields reach its templates; the size of the
// whole is limited. `rev` belongs to the store: what a client sends there is replaced.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#define VT_PRODUCT_BYTES   (12 * 1024)   // of one product as compact JSON
#define VT_PRODUCT_DEPTH   12            // arrays and objects in one another
#define VT_PRODUCT_ID_MAX  64            // bytes; [A-Za-z0-9][A-Za-z0-9._:~-]*
#define VT_PRODUCT_TITLE   300           // bytes
#define VT_PRODUCT_TEXT    5000          // bytes of any other text
#define VT_URL_MAX         2000          // bytes of a link
#define VT_AMOUNT_MAX      INT64_C(9007199254740991)   // 2^53 - 1: exact in every JSON reader

struct vt_flaw {
    char where[96];                      // JSON pointer: "/price/amount"
    char why[200];                       // "must be …"
};

bool vt_product_id_valid(const char *id);

// http or https, a host, no characters that an address cannot hold.
bool vt_url_valid(const char *url);

// Checks a product that is to be stored as `id`. Returns 0, or -EINVAL with the first flaw.
int vt_product_check(const json_t *product, const char *id, struct vt_flaw *flaw);
