// Which handler answers a method and a path. Pure.
//
// A pattern is literal text with arguments in braces, each one whole path component: "/v1/products/{id}". The first
// row that fits wins. HEAD goes where GET goes.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VT_ROUTE_ARGS     5
#define VT_ROUTE_ARG_ROOM 97             // bytes of one argument and its NUL; a longer one fits no route
#define VT_ROUTE_ALLOW    64             // "GET, HEAD, PUT, PATCH, DELETE, POST"

struct vt_request;

struct vt_route {
    const char *method;                  // "GET", "PUT" …
    const char *pattern;
    void (*handle)(struct vt_request *request);
    bool open;                           // answers without a token too
    size_t body;                         // most bytes of a request body; 0: none is wanted
};

struct vt_match {
    const struct vt_route *route;
    char args[VT_ROUTE_ARGS][VT_ROUTE_ARG_ROOM];
    char allow[VT_ROUTE_ALLOW];          // the methods of this path, when none fits
};

// `table` ends with a row whose method is NULL. Returns 0, -ENOENT (no such path) or -EPERM (another method).
int vt_route_find(const struct vt_route *table, const char *method, const char *path, struct vt_match *ret);
