// Two JSON texts with a NUL between them: a product, and a merge patch of it.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "serve/json.h"
#include "serve/product.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *parse(const char *text, size_t size)
{
    char why[VT_JSON_WHY] = "";
    json_t *value = vt_json_parse(text, size, VT_PRODUCT_DEPTH, why);
    assert(value || why[0]);
    return value;
}

static void check(const json_t *product)
{
    struct vt_flaw flaw = {0};
    const char *id = json_string_value(json_object_get(product, "id"));
    if (vt_product_check(product, id ? id : "SKU-1", &flaw) < 0)
        assert(flaw.why[0] && memchr(flaw.where, 0, sizeof flaw.where));
    else
        assert(json_string_length(json_object_get(product, "title")) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, 0, size) : NULL;
    size_t first = end ? (size_t)(end - text) : size;
    json_t *product = parse(text, first);
    json_t *patch = end ? parse(end + 1, size - first - 1) : NULL;
    if (product)
        check(product);
    if (product && patch) {
        json_t *merged = vt_json_merge_patch(product, patch);
        assert(merged);
        check(merged);
        json_decref(merged);
    }
    json_decref(patch);
    json_decref(product);
    return 0;
}
