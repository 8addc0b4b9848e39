// An expression from anyone: what is accepted can be evaluated.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/expression.h"
#include "overlay/overlay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[160];
    size_t at = 0;
    struct vt_writer out = {.limit = VT_TEXT_BYTES};
    char *text = calloc(1, size + 1);
    if (!text || memchr(data, 0, size)) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    json_t *values = json_loads("{\"a\":{\"b\":[1,\"two\",null]},\"n\":7,\"p\":{\"amount\":5999,\"currency\":\"EUR\"},"
                                "\"t\":\"2026-03-01T19:04:12Z\",\"s\":\"Trail shoe\"}", 0, NULL);
    struct vt_scope scope = {.data = values, .language = "de"};
    if (vt_expression_check_text(text, NULL, why, sizeof why, &at) == 0) {
        vt_expression_text(text, &scope, true, &out);
        json_decref(vt_expression_value(text, &scope));
    } else {
        assert(at <= size && why[0]);
    }
    if (vt_expression_check_condition(text, why, sizeof why, &at) == 0)
        vt_expression_condition(text, &scope);
    vt_writer_free(&out);
    json_decref(values);
    free(text);
    return 0;
}
