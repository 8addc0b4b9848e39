#include "studio/sheet.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "studio/proof.h"

#define CELL_HEIGHT 270                  // of a picture in the sheet
#define LABEL       22                   // height of the line below it
#define HEADING     34
#define MARGIN      12
#define SAMPLES     64
#define LIST_BYTES  4096

struct size {
    int width, height;
};

struct sheet {
    const char *template, *out;
    char samples_text[LIST_BYTES], languages_text[LIST_BYTES];
    const char *samples[SAMPLES];        // none: all
    int n_samples;
    const char *languages[VT_LANGUAGES_MAX + 1];         // none: the sample's and the template's
    int n_languages;
    struct size sizes[VT_SHEET_SIZES];
    int n_sizes;
    double at[VT_SHEET_AT];              // below 0: at rest
    int n_at;
    struct vt_proof_scene audience;      // market, output and step of it

    struct vt_proof proof;
    cairo_surface_t *surface;
    cairo_t *cr;
    int width, height, cells, marked;
};

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "vitrine contact-sheet: %s%s%s\n", what, *value ? ", not " : "", value);
    return 2;
}

// Splits at commas, in place. Returns how many words there are, or -1 when they are more than `room` or too long.
static int split(char *copy, const char *list, const char **words, int room)
{
    int count = 0;
    char *state = NULL;
    if (strlen(list) >= LIST_BYTES)
        return -1;
    strcpy(copy, list);
    for (char *word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
        if (count == room)
            return -1;
        words[count++] = word;
    }
    return count ? count : -1;
}

static int read_sizes(struct sheet *s, const char *list)
{
    char copy[LIST_BYTES];
    const char *words[VT_SHEET_SIZES];
    s->n_sizes = split(copy, list, words, VT_SHEET_SIZES);
    for (int i = 0; i < s->n_sizes; i++) {
        if (vt_proof_parse_size(words[i], &s->sizes[i].width, &s->sizes[i].height) != 0)
            s->n_sizes = -1;
    }
    return s->n_sizes > 0 ? 0 : refuse("--sizes takes one to 8 sizes from 16x16 to 8192x8192, with commas", list);
}

static int read_instants(struct sheet *s, const char *list)
{
    char copy[LIST_BYTES];
    const char *words[VT_SHEET_AT];
    s->n_at = split(copy, list, words, VT_SHEET_AT);
    for (int i = 0; i < s->n_at; i++) {
        if (strcmp(words[i], "rest") == 0)
            s->at[i] = -1;
        else if (vt_proof_parse_at(words[i], &s->at[i]) != 0)
            s->n_at = -1;
    }
    return s->n_at > 0 ? 0 : refuse("--at takes one to 16 seconds from 0 to 86400, or rest, with commas", list);
}

static int read_option(struct sheet *s, int option, const char *value)
{
    const char *why;
    switch (option) {
    case 'm':
    case 'n':
    case 't':
        return vt_proof_parse_audience(option, value, &s->audience, &why) == 0 ? 0 : refuse(why, value);
    case 'o':
        s->out = value;
        return 0;
    case 's':
        s->n_samples = split(s->samples_text, value, s->samples, SAMPLES);
        return s->n_samples > 0 ? 0 : refuse("--samples takes one to 64 names, with commas", value);
    case 'l':
        s->n_languages = split(s->languages_text, value, s->languages, VT_LANGUAGES_MAX);
        return s->n_languages > 0 ? 0 : refuse("--languages takes one to 16 tags such as en,zh,ar", value);
    case 'w':
        return read_sizes(s, value);
    case 'a':
        return read_instants(s, value);
    }
    return 2;
}

static int parse(struct sheet *s, int argc, char **argv)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'}, {"samples", required_argument, NULL, 's'},
        {"sizes", required_argument, NULL, 'w'}, {"languages", required_argument, NULL, 'l'},
        {"at", required_argument, NULL, 'a'}, VT_PROOF_AUDIENCE_OPTIONS, {0},
    };
    int option, code = 0;
    optind = 1;
    while (code == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            break;
        code = read_option(s, option, optarg);
    }
    if (code == 0 && (option != -1 || optind + 1 != argc || !s->out)) {
        fputs("usage: vitrine contact-sheet " VT_SHEET_USAGE "\n", stderr);
        return 2;
    }
    s->template = code == 0 ? argv[optind] : NULL;
    return code;
}

// ---- what stands in it

static int check_samples(struct sheet *s)
{
    const char *const *all = vt_template_samples(s->proof.template);
    for (int i = 0; i < s->n_samples; i++) {
        if (vt_proof_has_sample(&s->proof, s->samples[i]))
            continue;
        fprintf(stderr, "vitrine contact-sheet: the template has no sample \"%s\"; it has", s->samples[i]);
        for (; *all; all++)
            fprintf(stderr, " %s", *all);
        fputc('\n', stderr);
        return 1;
    }
    for (int i = 0; s->n_samples == i && i < SAMPLES && all[i]; i++)
        s->samples[s->n_samples++] = all[i];
    if (s->n_samples == 0)
        s->samples[s->n_samples++] = NULL;
    return 0;
}

static int list_languages(const struct sheet *s, const char *sample, const char *ret[VT_LANGUAGES_MAX + 1])
{
    if (!s->n_languages)
        return vt_proof_languages(&s->proof, sample, ret);
    memcpy(ret, s->languages, sizeof *ret * (size_t)s->n_languages);
    return s->n_languages;
}

static int cell_width(struct size size)
{
    return (int)fmax(1, round((double)CELL_HEIGHT * size.width / size.height));
}

static int measure(struct sheet *s)
{
    int across = MARGIN;
    for (int i = 0; i < s->n_sizes; i++)
        across += cell_width(s->sizes[i]) + MARGIN;
    for (int i = 0; i < s->n_samples; i++) {
        const char *languages[VT_LANGUAGES_MAX + 1];
        int n = list_languages(s, s->samples[i], languages), width = MARGIN + n * (across - MARGIN);
        s->width = width > s->width ? width : s->width;
        s->cells += n * s->n_sizes * s->n_at;
    }
    s->height = MARGIN + s->n_samples * s->n_at * (HEADING + CELL_HEIGHT + LABEL + MARGIN);
    if (s->cells <= VT_SHEET_CELLS && s->width <= VT_SHEET_SIDE && s->height <= VT_SHEET_SIDE &&
        (int64_t)s->width * s->height <= VT_SHEET_PIXELS)
        return 0;
    fprintf(stderr, "vitrine contact-sheet: that would be %d pictures on %d x %d pixels (limits %d, %d million pixels): choose "
            "fewer with --samples, --sizes, --languages or --at\n", s->cells, s->width, s->height, VT_SHEET_CELLS,
            VT_SHEET_PIXELS / 1000000);
    return 1;
}

// ---- drawing

static void set_severity(cairo_t *cr, enum vt_severity severity)
{
    if (severity == VT_ERROR)
        cairo_set_source_rgb(cr, 0.95, 0.13, 0.25);
    else
        cairo_set_source_rgb(cr, 1.0, 0.68, 0.0);
}

static void write_text(struct sheet *s, double x, double y, double width, double size, const char *text)
{
    cairo_save(s->cr);
    cairo_rectangle(s->cr, x, y - size, width, size * 1.5);
    cairo_clip(s->cr);
    cairo_select_font_face(s->cr, "Noto Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(s->cr, size);
    cairo_move_to(s->cr, x, y);
    cairo_show_text(s->cr, text);
    cairo_restore(s->cr);
}

struct cell {
    struct vt_proof_scene scene;
    double at;
    int x, y, width;
    struct vt_diagnostics said;
    struct vt_flaws found;
};

static void paint_cell(struct sheet *s, const struct cell *c, cairo_surface_t *picture)
{
    cairo_set_source_rgb(s->cr, 0.25, 0.26, 0.28);
    cairo_rectangle(s->cr, c->x, c->y, c->width, CELL_HEIGHT);
    cairo_fill(s->cr);
    if (!picture)
        return;
    cairo_set_source_surface(s->cr, picture, c->x, c->y);
    cairo_paint(s->cr);
}

// A frame around each node that something was found about, and around the cell.
static void mark_cell(struct sheet *s, const struct cell *c, bool drawn)
{
    double scale = (double)CELL_HEIGHT / c->scene.height;
    enum vt_severity worst = drawn ? VT_WARNING : VT_ERROR;
    cairo_set_line_width(s->cr, 2);
    for (int i = 0; i < c->found.count; i++) {
        const struct vt_flaw *f = &c->found.list[i];
        worst = f->severity == VT_ERROR ? VT_ERROR : worst;
        set_severity(s->cr, f->severity);
        cairo_rectangle(s->cr, c->x + f->x * scale, c->y + f->y * scale, f->width * scale, f->height * scale);
        cairo_stroke(s->cr);
    }
    for (int i = 0; i < c->said.count; i++)
        worst = c->said.list[i].severity == VT_ERROR ? VT_ERROR : worst;
    if (drawn && !c->found.count && !c->said.count)
        return;
    set_severity(s->cr, worst);
    cairo_set_line_width(s->cr, 4);
    cairo_rectangle(s->cr, c->x + 1, c->y + 1, c->width - 2, CELL_HEIGHT - 2);
    cairo_stroke(s->cr);
    s->marked++;
}

static void label_cell(struct sheet *s, const struct cell *c)
{
    char text[VT_DIAGNOSTIC_TEXT + 64];
    int line = c->found.count ? c->found.list[0].line : c->said.count ? c->said.list[0].line : 0;
    const char *why = c->found.count ? c->found.list[0].text : c->said.count ? c->said.list[0].text : "";
    snprintf(text, sizeof text, "%s %dx%d", c->scene.language, c->scene.width, c->scene.height);
    if (*why)
        snprintf(text + strlen(text), sizeof text - strlen(text), "  line %d: %s", line, why);
    cairo_set_source_rgb(s->cr, 0.8, 0.82, 0.85);
    write_text(s, c->x, c->y + CELL_HEIGHT + 15, c->width, 12, text);
}

static int draw_cell(struct sheet *s, struct cell *c)
{
    struct vt_view *view = NULL;
    cairo_surface_t *picture = NULL;
    int err = vt_proof_view(&s->proof, &c->scene, &view, &c->said);
    bool drawn = err == 0;
    if (drawn)
        err = vt_inspect(view, &c->found);
    if (drawn && !err)
        err = vt_inspect_motion(view, &c->found);
    if (drawn && !err)
        err = vt_proof_paint(&s->proof, view, c->at, c->width, CELL_HEIGHT, &picture);
    paint_cell(s, c, picture);
    mark_cell(s, c, drawn);
    label_cell(s, c);
    if (picture)
        cairo_surface_destroy(picture);
    vt_view_unref(&view);
    return drawn || err == -ENOMEM ? err : 0;
}

static int draw_row(struct sheet *s, const char *sample, double at, int y)
{
    const char *languages[VT_LANGUAGES_MAX + 1];
    int n = list_languages(s, sample, languages), x = MARGIN, err = 0;
    char heading[256], when[32] = "at rest";
    if (at >= 0)
        snprintf(when, sizeof when, "%.3f s", at);
    snprintf(heading, sizeof heading, "%s  %s  %s", vt_template_title(s->proof.template), sample ? sample : "", when);
    cairo_set_source_rgb(s->cr, 1, 1, 1);
    write_text(s, MARGIN, y + 22, s->width, 18, heading);
    struct cell *c = malloc(sizeof *c);
    for (int i = 0; c && i < n * s->n_sizes && !err; i++) {
        struct size size = s->sizes[i % s->n_sizes];
        *c = (struct cell){.scene = s->audience, .at = at, .x = x, .y = y + HEADING, .width = cell_width(size)};
        c->scene.sample = sample;
        c->scene.language = languages[i / s->n_sizes];
        c->scene.width = size.width;
        c->scene.height = size.height;
        c->scene.strict = true;
        err = draw_cell(s, c);
        x += c->width + MARGIN;
    }
    free(c);
    return c ? err : -ENOMEM;
}

static int draw_all(struct sheet *s)
{
    int y = MARGIN, err = 0;
    s->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, s->width, s->height);
    s->cr = cairo_create(s->surface);
    cairo_set_source_rgb(s->cr, 0.12, 0.13, 0.15);
    cairo_paint(s->cr);
    for (int i = 0; i < s->n_samples * s->n_at && !err; i++) {
        err = draw_row(s, s->samples[i / s->n_at], s->at[i % s->n_at], y);
        y += HEADING + CELL_HEIGHT + LABEL + MARGIN;
    }
    if (!err && cairo_status(s->cr) != CAIRO_STATUS_SUCCESS)
        err = -ENOMEM;
    return err;
}

static int write_sheet(struct sheet *s)
{
    int err = draw_all(s);
    if (!err)
        err = vt_proof_write(s->surface, s->out);
    if (err)
        fprintf(stderr, "vitrine contact-sheet: cannot write %s: %s\n", s->out, strerror(-err));
    else
        printf("%s: %d pictures, %d of them marked%s\n", s->out, s->cells, s->marked,
               s->marked ? ": `vitrine lint` says what was found" : "");
    cairo_destroy(s->cr);
    cairo_surface_destroy(s->surface);
    return err ? 1 : 0;
}

static int run(struct sheet *s)
{
    struct vt_diagnostics said = {0};
    int err = vt_proof_open(&s->proof, s->template, NULL, &said), code = 1;
    vt_diagnostics_print(&said, s->template, stderr);
    if (err)
        return 1;
    if (check_samples(s) == 0 && measure(s) == 0)
        code = write_sheet(s);
    vt_proof_close(&s->proof);
    return code;
}

int vt_sheet_main(int argc, char **argv)
{
    static char name[] = "vitrine contact-sheet";
    struct sheet *s = calloc(1, sizeof *s);
    char **all = calloc((size_t)argc + 2, sizeof *all);
    int code = 1;
    if (s && all) {
        *s = (struct sheet){.sizes = {{1280, 720}, {720, 1280}}, .n_sizes = 2, .at = {-1}, .n_at = 1};
        all[0] = name;                   // getopt wants a program's name in front
        memcpy(all + 1, argv, sizeof *all * (size_t)argc);
        code = parse(s, argc + 1, all);
        if (code == 0)
            code = run(s);
    }
    free(all);
    free(s);
    return code;
}
