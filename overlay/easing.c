#include "overlay/easing.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    struct vt_easing easing;
} named[] = {
    {"linear",      {0, 0, 1, 1}},
    {"ease",        {0.25, 0.1, 0.25, 1}},
    {"ease-in",     {0.42, 0, 1, 1}},
    {"ease-out",    {0, 0, 0.58, 1}},
    {"ease-in-out", {0.42, 0, 0.58, 1}},
};

int vt_easing_parse(const char *text, struct vt_easing *ret)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (strcmp(text, named[i].name) == 0) {
            *ret = named[i].easing;
            return 0;
        }
    }
    struct vt_easing e;
    int end = 0;
    if (sscanf(text, "cubic-bezier( %lf , %lf , %lf , %lf )%n", &e.x1, &e.y1, &e.x2, &e.y2, &end) != 4 || !end ||
        text[end])
        return -EINVAL;
    if (!(e.x1 >= 0 && e.x1 <= 1 && e.x2 >= 0 && e.x2 <= 1 && fabs(e.y1) <= 10 && fabs(e.y2) <= 10))
        return -EINVAL;
    *ret = e;
    return 0;
}

static double bezier(double a, double b, double t)
{
    double u = 1 - t;
    return 3 * u * u * t * a + 3 * u * t * t * b + t * t * t;
}

double vt_ease(const struct vt_easing *easing, double progress)
{
    if (progress <= 0)
        return 0;
    if (progress >= 1)
        return 1;
    double low = 0, high = 1;
    for (int i = 0; i < 40; i++) {       // x rises monotonically with t, so halving always finds it
        double middle = (low + high) / 2;
        if (bezier(easing->x1, easing->x2, middle) < progress)
            low = middle;
        else
            high = middle;
    }
    return bezier(easing->y1, easing->y2, (low + high) / 2);
}
