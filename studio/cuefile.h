// Cue files: what `vitrine render` puts on air, and when.
//
//     products: [{id: mug, title: Mug, price: {amount: 1299, currency: EUR}}]
//     cues:
//       - {at: 1.5, template: com.example.product-card, product: mug, id: c1, duration: 4}
//     changes:
//       - {at: 3, product: {id: mug, price: {amount: 999, currency: EUR}}}    # members are merged
//       - {at: 4, patch: {id: c1, step: 1}}
//       - {at: 5, remove: c1}
//       - {at: 6, withdraw: mug}
//
// `at` is seconds since the first frame. Scalars that are not quoted become numbers, true, false or null where they look
// like it.
#pragma once

#include <jansson.h>

#include "base/diagnostic.h"

#define VT_CUEFILE_ENTRIES 4096

// Returns 0 and {"products":[…], "events":[{"at":…, "take"|"product"|"patch"|"remove"|"withdraw":…}…]} with events in
// order of time, or -EINVAL with the reasons in `diagnostics`.
int vt_cuefile_parse(json_t **ret, const char *text, size_t size, struct vt_diagnostics *diagnostics);
