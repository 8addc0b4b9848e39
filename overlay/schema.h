// The JSON Schema of format 1, made from the tables that templates are read by: whatever it refuses, loading refuses.
// The other way round it knows the shape of things, not what they refer to.
#pragma once

#include <jansson.h>

#define VT_SCHEMA_ID "https://vitrine.example/schema/template-1.json"

json_t *vt_template_schema(void);        // a new reference
