#include "ingest/tonemap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define TRANSFER_PQ    16
#define TRANSFER_HLG   18
#define PRIMARIES_2020 9
#define UNSPECIFIED    2

// The table's nodes lie every 16 codes of luma and every 32 of chroma, so that grey is on nodes of chroma.
#define LUMA_BITS    4
#define CHROMA_BITS  5
#define LUMA_NODES   (1024 / (1 << LUMA_BITS) + 1)
#define CHROMA_NODES (1024 / (1 << CHROMA_BITS) + 1)
#define ONE          64                  // a code of eight bits in the table
#define ONE_BITS     6

enum { Y, U, V };

struct node {
    int16_t yuv[3];
};

struct vt_tonemap {
    struct vt_tone tone;
    struct node nodes[CHROMA_NODES][CHROMA_NODES][LUMA_NODES];     // [v][u][y]
};

// -- light

static double pq_to_light(double v)
{
    const double m1 = 2610 / 16384., m2 = 2523 / 4096. * 128, c1 = 3424 / 4096., c2 = 2413 / 4096. * 32,
                 c3 = 2392 / 4096. * 32;
    double p = pow(v, 1 / m2), n = fmax(p - c1, 0) / (c2 - c3 * p);
    return 10000 * pow(n, 1 / m1);
}

static double light_to_pq(double light)
{
    const double m1 = 2610 / 16384., m2 = 2523 / 4096. * 128, c1 = 3424 / 4096., c2 = 2413 / 4096. * 32,
                 c3 = 2392 / 4096. * 32;
    double n = pow(light / 10000, m1);
    return pow((c1 + c2 * n) / (1 + c3 * n), m2);
}

static double hlg_to_scene(double v)
{
    const double a = 0.17883277, b = 1 - 4 * a, c = 0.5 - a * log(4 * a);
    return v <= 0.5 ? v * v / 3 : (exp((v - c) / a) + b) / 12;
}

// What a display of that peak shows, in cd/m².
static void to_light(const struct vt_tone *tone, double rgb[3])
{
    if (tone->transfer == TRANSFER_HLG) {
        for (int i = 0; i < 3; i++)
            rgb[i] = hlg_to_scene(rgb[i]);
        double luminance = 0.2627 * rgb[0] + 0.6780 * rgb[1] + 0.0593 * rgb[2];
        double gain = VT_TONEMAP_PEAK * pow(luminance, 0.2);
        for (int i = 0; i < 3; i++)
            rgb[i] *= gain;
        return;
    }
    for (int i = 0; i < 3; i++)
        rgb[i] = tone->transfer == TRANSFER_PQ ? pq_to_light(rgb[i]) : VT_TONEMAP_WHITE * pow(rgb[i], 2.4);
}

// BT.2390's EETF without lift of the blacks: from `peak` to SDR's white.
static double roll_off(double light, double peak)
{
    double top = light_to_pq(peak), most = light_to_pq(VT_TONEMAP_WHITE) / top, knee = 1.5 * most - 0.5;
    double e = light_to_pq(light) / top;
    if (e > knee) {
        double t = fmin((e - knee) / (1 - knee), 1), t2 = t * t, t3 = t2 * t;
        e = (2 * t3 - 3 * t2 + 1) * knee + (t3 - 2 * t2 + t) * (1 - knee) + (-2 * t3 + 3 * t2) * most;
    }
    return pq_to_light(e * top);
}

static void compress(const struct vt_tone *tone, double rgb[3])
{
    double most = fmax(rgb[0], fmax(rgb[1], rgb[2]));
    double peak = tone->transfer == TRANSFER_HLG ? VT_TONEMAP_PEAK : tone->peak;
    bool bright = tone->transfer == TRANSFER_PQ || tone->transfer == TRANSFER_HLG;
    double gain = bright && most > 0 ? roll_off(most, peak) / most : 1;
    for (int i = 0; i < 3; i++)
        rgb[i] *= gain / VT_TONEMAP_WHITE;
}

// -- colour

static void to_709(const struct vt_tone *tone, double rgb[3])
{
    static const double from_2020[3][3] = {
        {1.660491, -0.587641, -0.072850}, {-0.124550, 1.132900, -0.008349}, {-0.018151, -0.100579, 1.118730}};
    if (tone->primaries != PRIMARIES_2020)
        return;
    double in[3] = {rgb[0], rgb[1], rgb[2]};
    for (int i = 0; i < 3; i++)
        rgb[i] = from_2020[i][0] * in[0] + from_2020[i][1] * in[1] + from_2020[i][2] * in[2];
}

// Pulls a colour towards its grey until it lies between black and white.
static void fit(double rgb[3])
{
    double grey = fmin(fmax(0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2], 0), 1), share = 1;
    for (int i = 0; i < 3; i++) {
        double off = rgb[i] - grey, room = off < 0 ? grey : 1 - grey;
        if (fabs(off) > room)
            share = fmin(share, room / fabs(off));
    }
    for (int i = 0; i < 3; i++)
        rgb[i] = grey + (rgb[i] - grey) * share;
}

static void weights(int matrix, double *kr, double *kb)
{
    bool wide = matrix == 9 || matrix == 10, old = matrix == 5 || matrix == 6;
    *kr = wide ? 0.2627 : old ? 0.299 : 0.2126;
    *kb = wide ? 0.0593 : old ? 0.114 : 0.0722;
}

// Ten-bit codes -> R'G'B' between 0 and 1.
static void decode(const struct vt_tone *tone, const int code[3], double rgb[3])
{
    double kr, kb;
    weights(tone->matrix, &kr, &kb);
    double y = tone->full_range ? code[0] / 1023. : (code[0] - 64) / 876.;
    double range = tone->full_range ? 1023 : 896, u = (code[1] - 512) / range, v = (code[2] - 512) / range;
    rgb[0] = y + 2 * (1 - kr) * v;
    rgb[2] = y + 2 * (1 - kb) * u;
    rgb[1] = (y - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
    for (int i = 0; i < 3; i++)
        rgb[i] = fmin(fmax(rgb[i], 0), 1);
}

static struct node encode(const double rgb[3])
{
    double e[3];
    for (int i = 0; i < 3; i++)
        e[i] = pow(rgb[i], 1 / 2.4);
    double y = 0.2126 * e[0] + 0.7152 * e[1] + 0.0722 * e[2];
    return (struct node){{
        (int16_t)lround(ONE * (16 + 219 * y)),
        (int16_t)lround(ONE * (128 + 224 * (e[2] - y) / 1.8556)),
        (int16_t)lround(ONE * (128 + 224 * (e[0] - y) / 1.5748)),
    }};
}

// -- the table

bool vt_tone_settle(struct vt_tone *tone)
{
    bool bright = tone->transfer == TRANSFER_PQ || tone->transfer == TRANSFER_HLG;
    if (bright && (tone->primaries == UNSPECIFIED || tone->primaries == 0))
        tone->primaries = PRIMARIES_2020;
    if (!bright && tone->primaries != PRIMARIES_2020)
        return false;
    if (tone->matrix == UNSPECIFIED || tone->matrix == 0)
        tone->matrix = tone->primaries == PRIMARIES_2020 ? 9 : 1;
    if (tone->peak == 0 || tone->transfer != TRANSFER_PQ)
        tone->peak = VT_TONEMAP_PEAK;
    if (tone->peak < VT_TONEMAP_PEAK_MIN)
        tone->peak = VT_TONEMAP_PEAK_MIN;
    if (tone->peak > VT_TONEMAP_PEAK_MAX)
        tone->peak = VT_TONEMAP_PEAK_MAX;
    return true;
}

int vt_tonemap_new(struct vt_tonemap **ret, const struct vt_tone *tone)
{
    struct vt_tonemap *map = malloc(sizeof *map);
    if (!map)
        return -ENOMEM;
    map->tone = *tone;
    for (int v = 0; v < CHROMA_NODES; v++)
        for (int u = 0; u < CHROMA_NODES; u++)
            for (int y = 0; y < LUMA_NODES; y++) {
                double rgb[3];
                decode(tone, (int[]){y << LUMA_BITS, u << CHROMA_BITS, v << CHROMA_BITS}, rgb);
                to_light(tone, rgb);
                compress(tone, rgb);
                to_709(tone, rgb);
                fit(rgb);
                map->nodes[v][u][y] = encode(rgb);
            }
    *ret = map;
    return 0;
}

void vt_tonemap_free(struct vt_tonemap **map)
{
    free(*map);
    *map = NULL;
}

bool vt_tonemap_fits(const struct vt_tonemap *map, const struct vt_tone *tone)
{
    return map->tone.transfer == tone->transfer && map->tone.primaries == tone->primaries &&
           map->tone.matrix == tone->matrix && map->tone.full_range == tone->full_range && map->tone.peak == tone->peak;
}

// -- pictures

// The four columns of nodes around a colour, and their weights, which make 1 << 2 × CHROMA_BITS.
struct column {
    const struct node *at[4];
    int weight[4];
};

static struct column column_at(const struct vt_tonemap *map, int u, int v)
{
    const int one = 1 << CHROMA_BITS;
    int iu = u >> CHROMA_BITS, iv = v >> CHROMA_BITS, fu = u & (one - 1), fv = v & (one - 1);
    return (struct column){
        {map->nodes[iv][iu], map->nodes[iv][iu + 1], map->nodes[iv + 1][iu], map->nodes[iv + 1][iu + 1]},
        {(one - fu) * (one - fv), fu * (one - fv), (one - fu) * fv, fu * fv},
    };
}

// The weights of a column, of luma and ONE.
#define SHIFT (2 * CHROMA_BITS + LUMA_BITS + ONE_BITS)

static inline uint8_t between(const struct column *column, int code, int channel)
{
    const int one = 1 << LUMA_BITS;
    int node = code >> LUMA_BITS, part = code & (one - 1), a = 0, b = 0;
    for (int k = 0; k < 4; k++) {
        a += column->weight[k] * column->at[k][node].yuv[channel];
        b += column->weight[k] * column->at[k][node + 1].yuv[channel];
    }
    int64_t v = (int64_t)a * (one - part) + (int64_t)b * part;
    return (uint8_t)((v + (1 << (SHIFT - 1))) >> SHIFT);
}

static const uint16_t *row_of(const struct vt_tonemap_picture *p, int plane, int row)
{
    return (const uint16_t *)(const void *)(p->from[plane] + (intptr_t)row * p->from_stride[plane]);
}

// One row of chroma and the one or two of luma that it belongs to.
static void map_rows(const struct vt_tonemap *map, const struct vt_tonemap_picture *p, int row)
{
    int second = 2 * row + 1 < p->height ? 2 * row + 1 : 2 * row;
    const uint16_t *luma[2] = {row_of(p, 0, 2 * row), row_of(p, 0, second)};
    uint8_t *out[2] = {p->to[0] + (intptr_t)(2 * row) * p->to_stride[0], p->to[0] + (intptr_t)second * p->to_stride[0]};
    const uint16_t *u = row_of(p, 1, row), *v = row_of(p, 2, row);
    for (int x = 0; x < (p->width + 1) / 2; x++) {
        struct column column = column_at(map, u[x] & 1023, v[x] & 1023);
        int right = 2 * x + 1 < p->width ? 2 * x + 1 : 2 * x, sum = 0;
        for (int i = 0; i < 2; i++) {
            int a = luma[i][2 * x] & 1023, b = luma[i][right] & 1023;
            sum += a + b;
            out[i][2 * x] = between(&column, a, Y);
            out[i][right] = between(&column, b, Y);
        }
        int mean = (sum + 2) / 4;
        p->to[1][(intptr_t)row * p->to_stride[1] + x] = between(&column, mean, U);
        p->to[2][(intptr_t)row * p->to_stride[2] + x] = between(&column, mean, V);
    }
}

void vt_tonemap_run(const struct vt_tonemap *map, const struct vt_tonemap_picture *picture)
{
    for (int row = 0; row < (picture->height + 1) / 2; row++)
        map_rows(map, picture, row);
}
