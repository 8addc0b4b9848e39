#include "studio/matrix.h"

#include <math.h>

#define FRACTION 14

// Y += y·(U, V), U = u·(U, V), V = v·(U, V), around 128; grey stays as it is in every matrix.
struct turn {
    int y[2], u[2], v[2];
};

static bool weights(int matrix, double *kr, double *kb)
{
    static const struct {
        int matrix;
        double kr, kb;
    } known[] = {
        {4, 0.30, 0.11}, {5, 0.299, 0.114}, {6, 0.299, 0.114}, {7, 0.212, 0.087},
        {9, 0.2627, 0.0593}, {10, 0.2627, 0.0593},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].matrix == matrix) {
            *kr = known[i].kr;
            *kb = known[i].kb;
            return true;
        }
    return false;
}

// What a colour difference of 1 (U, then V) in the one matrix is in BT.709's.
static struct turn turn_from(double kr, double kb)
{
    const double to_r = 0.2126, to_b = 0.0722, kg = 1 - kr - kb, one = 1 << FRACTION;
    struct turn t;
    for (int i = 0; i < 2; i++) {
        double r = i ? 2 * (1 - kr) : 0, b = i ? 0 : 2 * (1 - kb), g = -(kr * r + kb * b) / kg;
        double y = to_r * r + (1 - to_r - to_b) * g + to_b * b;
        t.y[i] = (int)lround(y * 219 / 224 * one);
        t.u[i] = (int)lround((b - y) / (2 * (1 - to_b)) * one);
        t.v[i] = (int)lround((r - y) / (2 * (1 - to_r)) * one);
    }
    return t;
}

static uint8_t clamped(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static int turned(const int by[2], int u, int v)
{
    return (by[0] * u + by[1] * v + (1 << (FRACTION - 1))) >> FRACTION;
}

// One row of luma. Between two chroma sites the colour difference is their mean.
static void turn_luma(uint8_t *y, const uint8_t *u, const uint8_t *v, int width, const struct turn *t)
{
    int chroma_width = (width + 1) / 2;
    for (int x = 0; x < width; x++) {
        int here = x / 2, next = (x & 1) && here + 1 < chroma_width ? here + 1 : here;
        y[x] = clamped(y[x] + turned(t->y, (u[here] + u[next] + 1) / 2 - 128, (v[here] + v[next] + 1) / 2 - 128));
    }
}

static void turn_chroma(uint8_t *u, uint8_t *v, int width, const struct turn *t)
{
    for (int x = 0; x < width; x++) {
        int cu = u[x] - 128, cv = v[x] - 128;
        u[x] = clamped(128 + turned(t->u, cu, cv));
        v[x] = clamped(128 + turned(t->v, cu, cv));
    }
}

bool vt_matrix_to_709(const struct vt_planes *picture, int matrix)
{
    double kr, kb;
    if (!weights(matrix, &kr, &kb))
        return false;
    struct turn t = turn_from(kr, kb);
    for (int row = 0; row < (picture->height + 1) / 2; row++) {
        uint8_t *u = picture->plane[1] + (ptrdiff_t)row * picture->stride[1];
        uint8_t *v = picture->plane[2] + (ptrdiff_t)row * picture->stride[2];
        for (int y = 2 * row; y < 2 * row + 2 && y < picture->height; y++)
            turn_luma(picture->plane[0] + (ptrdiff_t)y * picture->stride[0], u, v, picture->width, &t);
        turn_chroma(u, v, (picture->width + 1) / 2, &t);
    }
    return true;
}
