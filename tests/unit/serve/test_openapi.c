#include "check.h"
#include "serve/api.h"

static json_t *document;

// The method of a path in the document, or NULL.
static json_t *operation(const char *path, const char *method)
{
    char name[16];
    snprintf(name, sizeof name, "%s", method);
    for (char *at = name; *at; at++)
        *at = (char)(*at | 0x20);
    return json_object_get(json_object_get(json_object_get(document, "paths"), path), name);
}

TEST(every_route_is_described)
{
    for (const struct vt_route *route = vt_api_routes; route->method; route++) {
        json_t *found = operation(route->pattern, route->method);
        if (!found)
            check_fail(__FILE__, __LINE__, "%s %s is not described", route->method, route->pattern);
        bool open = json_array_size(json_object_get(found, "security")) == 0 && json_object_get(found, "security");
        REQUIRE_INT(open, route->open);
    }
}

TEST(nothing_else_is)
{
    const char *path, *member;
    json_t *methods, *value;
    int described = 0, routes = 0;
    json_object_foreach(json_object_get(document, "paths"), path, methods)
        json_object_foreach(methods, member, value)
            described += strcmp(member, "parameters") != 0;
    while (vt_api_routes[routes].method)
        routes++;
    REQUIRE_INT(described, routes);
}

// Every reference in it leads somewhere.
static void check_references(const json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;
    json_array_foreach((json_t *)value, i, child)
        check_references(child);
    json_object_foreach((json_t *)value, key, child) {
        check_references(child);
        if (strcmp(key, "$ref") != 0)
            continue;
        char kind[32], name[32];
        REQUIRE_INT(sscanf(json_string_value(child), "#/components/%31[a-z]/%31[A-Za-z]", kind, name), 2);
        const json_t *components = json_object_get(document, "components");
        REQUIRE(json_object_get(json_object_get(components, kind), name) != NULL);
    }
}

TEST(every_reference_leads_somewhere)
{
    check_references(document);
}

int main(void)
{
    json_error_t error;
    document = json_loads(vt_openapi_json, JSON_REJECT_DUPLICATES, &error);
    if (!document) {
        printf("Bail out! line %d: %s\n", error.line, error.text);
        return 1;
    }
    RUN(every_route_is_described);
    RUN(nothing_else_is);
    RUN(every_reference_leads_somewhere);
    json_decref(document);
    return DONE();
}
