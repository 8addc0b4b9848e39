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
    {"linear",      {0, 0, 1, 1, 0, false}},
    {"ease",        {0.25, 0.1, 0.25, 1, 0, false}},
    {"ease-in",     {0.42, 0, 1, 1, 0, false}},
    {"ease-out",    {0, 0, 0.58, 1, 0, false}},
    {"ease-in-out", {0.42, 0, 0.58, 1, 0, false}},
    {"step-start",  {0, 0, 1, 1, 1, true}},
    {"step-end",    {0, 0, 1, 1, 1, false}},
};

static int parse_steps(const char *text, struct vt_easing *ret)
{
    char word[8] = "end";
    int steps, plain = 0, worded = 0;
    if (sscanf(text, "steps( %d )%n", &steps, &plain) != 1 || !plain || text[plain]) {
        if (sscanf(text, "steps( %d , %7[a-z] )%n", &steps, word, &worded) != 2 || !worded || text[worded])
            return -EINVAL;
    }
    bool start = strcmp(word, "start") == 0;
    if (steps < 1 || steps > VT_EASING_STEPS || (!start && strcmp(word, "end") != 0))
        return -EINVAL;
    *ret = (struct vt_easing){.x2 = 1, .y2 = 1, .steps = steps, .start = start};
    return 0;
}

int vt_easing_parse(const char *text, struct vt_easing *ret)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (strcmp(text, named[i].name) == 0) {
            *ret = named[i].easing;
            return 0;
        }
    }
    if (parse_steps(text, ret) == 0)
        return 0;
    struct vt_easing e = {0};
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
    if (easing->steps)
        return fmin(1, (floor(progress * easing->steps) + (easing->start ? 1 : 0)) / easing->steps);
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
