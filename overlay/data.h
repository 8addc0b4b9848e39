// A cue's data as expressions see it: what the producer gave, defaults, and what is derived at an instant:
// price.current, price.prior, price.prior_lawful, price.percent_off, offer.active, stock.fresh. Pure.
#pragma once

#include "overlay/template.h"

#define VT_STOCK_FRESH_NS (15 * 60 * VT_NS_PER_S)      // older than this, a stock count is not shown as fresh
#define VT_PRODUCTS_MAX   1000                         // that `show.products` looks at

// Whether `data` fits the template's schema; what does not stands in the diagnostics. `data` may be NULL: empty.
bool vt_data_check(const struct vt_template *t, const json_t *data, struct vt_diagnostics *diagnostics);

struct vt_data_params {
    const struct vt_template *template;
    const json_t *data, *products;       // either may be NULL
    const char *language, *market;
    int64_t at_ns;
};

// A new object for vt_scope.data. `ret_expires_ns`: when something derived changes next, INT64_MAX if nothing does.
json_t *vt_data_derive(const struct vt_data_params *params, int64_t *ret_expires_ns);
