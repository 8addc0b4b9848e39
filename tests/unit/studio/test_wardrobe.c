#include "studio/wardrobe.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "studio/proofread.h"

#define ROUNDS 40

static char folder[64], path[128];

// Replaced whole, as an editor does it; `note` makes each a file of another size.
static void write_template(const char *version, const char *note, const char *type)
{
    char temporary[140];
    snprintf(temporary, sizeof temporary, "%s~", path);
    FILE *file = fopen(temporary, "w");
    REQUIRE(file != NULL);
    fprintf(file, "# %s\nid: com.example.box\nversion: %s\nname: Box\ncanvas: {design: 640x360}\n"
            "layout: {id: root, type: %s, style: {width: 100px, height: 50px, background: \"#ffffff\"}}\n",
            note, version, type);
    fclose(file);
    REQUIRE_INT(rename(temporary, path), 0);
}

static struct vt_wardrobe *open_wardrobe(void)
{
    struct vt_wardrobe *wardrobe = NULL;
    char *paths[] = {path};
    REQUIRE_INT(vt_wardrobe_new(&wardrobe, paths, 1, NULL), 0);
    return wardrobe;
}

static bool holds(struct vt_wardrobe *wardrobe, const char *name)
{
    bool all;
    struct vt_template *template = vt_wardrobe_find(wardrobe, name, &all);
    bool found = template != NULL;
    vt_template_unref(&template);
    return found;
}

static bool has_error(struct vt_wardrobe *wardrobe)
{
    json_t *status = vt_wardrobe_status(wardrobe);
    bool error = json_object_get(json_array_get(status, 0), "error") != NULL;
    json_decref(status);
    return error;
}

TEST(a_template_is_found_by_its_id_and_its_version)
{
    write_template("1.0.0", "first", "box");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    REQUIRE(holds(wardrobe, "com.example.box") && holds(wardrobe, "com.example.box@1.0.0"));
    REQUIRE(!holds(wardrobe, "com.example.box@1.0.1") && !holds(wardrobe, "com.example.bo"));
    REQUIRE(!holds(wardrobe, "com.example.box1"));
    char *names = vt_wardrobe_names(wardrobe);
    REQUIRE_TEXT(names, "com.example.box@1.0.0");
    free(names);
    vt_wardrobe_free(&wardrobe);
}

TEST(a_changed_file_is_loaded_and_said_once)
{
    char id[VT_TEMPLATE_ID + 1];
    write_template("1.0.0", "first", "box");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    vt_wardrobe_check(wardrobe);
    REQUIRE(!vt_wardrobe_changed(wardrobe, id));
    write_template("1.1.0", "second", "box");
    vt_wardrobe_check(wardrobe);
    REQUIRE(vt_wardrobe_changed(wardrobe, id));
    REQUIRE_TEXT(id, "com.example.box");
    REQUIRE(!vt_wardrobe_changed(wardrobe, id));
    REQUIRE(holds(wardrobe, "com.example.box@1.1.0") && !holds(wardrobe, "com.example.box@1.0.0"));
    vt_wardrobe_free(&wardrobe);
}

TEST(a_file_with_an_error_leaves_the_one_from_before)
{
    char id[VT_TEMPLATE_ID + 1];
    write_template("1.0.0", "first", "box");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    write_template("1.1.0", "with an error", "bux");
    vt_wardrobe_check(wardrobe);
    REQUIRE(!vt_wardrobe_changed(wardrobe, id) && has_error(wardrobe));
    REQUIRE(holds(wardrobe, "com.example.box@1.0.0"));
    REQUIRE_INT(unlink(path), 0);
    vt_wardrobe_check(wardrobe);
    REQUIRE(holds(wardrobe, "com.example.box@1.0.0") && has_error(wardrobe));
    write_template("1.2.0", "mended", "box");
    vt_wardrobe_check(wardrobe);
    REQUIRE(vt_wardrobe_changed(wardrobe, id) && !has_error(wardrobe));
    vt_wardrobe_free(&wardrobe);
}

// ---- what is saved is looked at

static void write_card(const char *version, const char *text, const char *style)
{
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    fprintf(file, "id: com.example.card\nversion: %s\nname: Card\ncanvas: {design: 640x360, safe: none}\n"
            "schema: {type: object, properties: {cost: {type: object, gddType: v_money}}}\n"
            "samples: {one: {cost: {amount: 123456789, currency: EUR}}}\n"
            "layout:\n  type: box\n  style: {position: absolute, inset: 0px}\n  children:\n"
            "    - {id: words, type: text, text: \"%s\", style: {font-size: 40px, background: \"#000000\", %s}}\n",
            version, text, style);
    fclose(file);
}

// The error of the first template in the status.
static void require_status(struct vt_wardrobe *wardrobe, const char *version, const char *error)
{
    json_t *status = vt_wardrobe_status(wardrobe), *first = json_array_get(status, 0);
    const char *said = json_string_value(json_object_get(first, "error"));
    REQUIRE_TEXT(json_string_value(json_object_get(first, "version")), version);
    if (!said || !strstr(said, error))
        check_fail(__FILE__, __LINE__, "the status says %s, not %s", said ? said : "nothing", error);
    json_decref(status);
}

TEST(what_is_saved_must_draw_without_errors)
{
    static const struct {
        const char *text, *style, *error;
    } cases[] = {
        {"Hello \u0378", "width: 600px", "11:7: error: no font has the character U+0378"},
        {"{{ cost | money }}", "width: 90px, line-clamp: 1, text-overflow: ellipsis", "11:7: error: the price in \"words\" does not fit"},
        {"Hello", "width: 600px, color: \"#404040\"", "11:7: error: the contrast of \"words\""},
    };
    char id[VT_TEMPLATE_ID + 1], version[16];
    write_card("1.0.0", "Hello", "width: 600px");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(version, sizeof version, "1.%zu.0", i);
        write_card("2.0.0", cases[i].text, cases[i].style);
        vt_wardrobe_check(wardrobe);
        REQUIRE(!vt_wardrobe_changed(wardrobe, id));
        require_status(wardrobe, version, cases[i].error);
        snprintf(version, sizeof version, "1.%zu.0", i + 1);
        write_card(version, i % 2 ? "Hello again" : "Hello", "width: 600px");
        vt_wardrobe_check(wardrobe);
        REQUIRE(vt_wardrobe_changed(wardrobe, id) && !has_error(wardrobe));
        REQUIRE_TEXT(id, "com.example.card");
    }
    vt_wardrobe_free(&wardrobe);
}

static void write_drawing(const char *source)
{
    FILE *file = fopen("logo.svg", "w");
    REQUIRE(file && fputs(source, file) >= 0 && fclose(file) == 0);
}

#define SVG(rest) "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"4\">" rest

TEST(a_file_beside_a_template_counts)
{
    char id[VT_TEMPLATE_ID + 1];
    FILE *file = fopen(path, "w");
    REQUIRE(file && fputs("id: com.example.card\nversion: 1.0.0\nname: Card\nlayout: {type: svg, src: logo.svg}\n", file) >= 0);
    fclose(file);
    write_drawing(SVG("</svg>"));
    struct vt_wardrobe *wardrobe = open_wardrobe();
    vt_wardrobe_check(wardrobe);
    REQUIRE(!vt_wardrobe_changed(wardrobe, id));
    write_drawing(SVG("<rect width=\"4\" height=\"4\"/></svg>"));
    vt_wardrobe_check(wardrobe);
    REQUIRE(vt_wardrobe_changed(wardrobe, id) && !has_error(wardrobe));
    write_drawing(SVG("<rect width="));
    vt_wardrobe_check(wardrobe);
    REQUIRE(!vt_wardrobe_changed(wardrobe, id));
    require_status(wardrobe, "1.0.0", "4:26: error: ");
    write_drawing(SVG("<rect width=\"2\" height=\"2\"/></svg>"));
    vt_wardrobe_check(wardrobe);
    REQUIRE(vt_wardrobe_changed(wardrobe, id) && !has_error(wardrobe));
    vt_wardrobe_free(&wardrobe);
}

TEST(a_show_starts_with_what_is_there)
{
    write_card("1.0.0", "Hello", "color: \"#404040\"");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    REQUIRE(holds(wardrobe, "com.example.card@1.0.0") && !has_error(wardrobe));
    vt_wardrobe_free(&wardrobe);
}

TEST(a_thread_of_its_own_looks)
{
    char id[VT_TEMPLATE_ID + 1];
    write_card("1.0.0", "Hello", "width: 600px");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    REQUIRE_INT(vt_wardrobe_watch(wardrobe), 0);
    write_card("1.1.0", "Hello again", "width: 600px");
    for (int i = 0; i < 30000 && !vt_wardrobe_changed(wardrobe, id); i++)
        usleep(1000);
    REQUIRE_TEXT(id, "com.example.card");
    REQUIRE(holds(wardrobe, "com.example.card@1.1.0"));
    vt_wardrobe_free(&wardrobe);
    wardrobe = open_wardrobe();                  // and ends at once
    REQUIRE_INT(vt_wardrobe_watch(wardrobe), 0);
    vt_wardrobe_free(&wardrobe);
}

TEST(looking_has_an_end)
{
    struct vt_proof proof;
    struct vt_diagnostics said = {.count = 0};
    atomic_bool now = true;
    write_card("1.0.0", "Hello", "width: 600px");
    REQUIRE_INT(vt_proof_open(&proof, path, NULL, &said), 0);
    REQUIRE_INT(vt_proofread(&proof, &(struct vt_proofread_params){.pixels = true, .most_ns = VT_PROOFREAD_NS}, &said), 0);
    REQUIRE_INT(said.errors, 0);
    REQUIRE_INT(vt_proofread(&proof, &(struct vt_proofread_params){.pixels = true, .stop = &now}, &said), -ECANCELED);
    REQUIRE_INT(said.errors, 0);
    REQUIRE_INT(vt_proofread(&proof, &(struct vt_proofread_params){.pixels = true, .most_ns = 1}, &said), -ETIME);
    REQUIRE_INT(said.errors, 1);
    REQUIRE(strstr(said.list[0].text, "of processor time (limit)"));
    vt_proof_close(&proof);
}

TEST(a_sample_without_its_product_is_not_tried)
{
    struct vt_proof proof;
    struct vt_diagnostics said = {.count = 0};
    json_t *products = json_pack("[{s:s, s:s}]", "id", "nowhere-else", "title", "A");
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    fputs("id: com.example.card\nversion: 1.0.0\nname: Card\nschema: {required: [product], properties: {product: {type: object, "
          "gddType: v_product}}}\nsamples: {one: {product: \"sample:nowhere-else\"}}\nlayout: {type: box}\n", file);
    fclose(file);
    REQUIRE_INT(vt_proof_open(&proof, path, NULL, &said), 0);
    REQUIRE_INT(vt_proofread(&proof, &(struct vt_proofread_params){.pixels = true}, &said), 0);
    REQUIRE_INT(said.count, 1);
    REQUIRE_INT(said.list[0].line, 5);
    REQUIRE_INT(said.list[0].column, 26);
    REQUIRE(said.warnings == 1 && strstr(said.list[0].text, "no product or offer \"nowhere-else\""));
    vt_proof_close(&proof);
    said = (struct vt_diagnostics){.count = 0};
    REQUIRE_INT(vt_proof_open(&proof, path, products, &said), 0);
    REQUIRE_INT(vt_proofread(&proof, &(struct vt_proofread_params){.pixels = true}, &said), 0);
    REQUIRE_INT(said.count, 0);
    vt_proof_close(&proof);
    json_decref(products);
}

static atomic_bool stop;

static void *check_often(void *wardrobe)
{
    while (!atomic_load(&stop))
        vt_wardrobe_check(wardrobe);
    return NULL;
}

TEST(it_is_used_while_another_thread_loads)
{
    char id[VT_TEMPLATE_ID + 1], version[16], note[ROUNDS + 16];
    pthread_t thread;
    write_template("1.0.0", "first", "box");
    struct vt_wardrobe *wardrobe = open_wardrobe();
    atomic_store(&stop, false);
    REQUIRE_INT(pthread_create(&thread, NULL, check_often, wardrobe), 0);
    int lost = 0;
    for (int i = 1; i <= ROUNDS; i++) {
        snprintf(version, sizeof version, "1.0.%d", i);
        snprintf(note, sizeof note, "%*d", i + 8, i);
        write_template(version, note, i % 3 ? "box" : "bux");
        while (i % 3 && !vt_wardrobe_changed(wardrobe, id))
            lost += !holds(wardrobe, "com.example.box");
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    REQUIRE_INT(lost, 0);
    REQUIRE(holds(wardrobe, "com.example.box@1.0.40"));
    vt_wardrobe_free(&wardrobe);
}

static void keep(const char *root, int rev, const char *type)
{
    char name[256];
    snprintf(name, sizeof name, "mkdir -p %s/com.example.kept~%d", root, rev);
    REQUIRE_INT(system(name), 0);
    snprintf(name, sizeof name, "%s/com.example.kept~%d/template.yaml", root, rev);
    FILE *file = fopen(name, "w");
    REQUIRE(file && fprintf(file, "id: com.example.kept\nversion: %d.0.0\nname: K\nlayout: {type: %s}\n", rev, type) > 0);
    fclose(file);
}

TEST(bundles_come_change_and_go)
{
    char root[128], id[VT_TEMPLATE_ID + 1], command[300];
    struct vt_wardrobe *wardrobe = NULL;
    char *paths[] = {path};
    snprintf(root, sizeof root, "%s/kept", folder);
    write_template("1.0.0", "bundles", "box");
    REQUIRE_INT(vt_wardrobe_new(&wardrobe, paths, 1, root), 0);
    REQUIRE(holds(wardrobe, "com.example.box") && !holds(wardrobe, "com.example.kept"));
    keep(root, 1, "box");
    vt_wardrobe_check(wardrobe);
    REQUIRE(holds(wardrobe, "com.example.kept@1.0.0"));
    keep(root, 2, "box");
    vt_wardrobe_changed(wardrobe, id);
    vt_wardrobe_check(wardrobe);
    REQUIRE(holds(wardrobe, "com.example.kept@2.0.0") && !holds(wardrobe, "com.example.kept@1.0.0"));
    REQUIRE(vt_wardrobe_changed(wardrobe, id));
    REQUIRE_TEXT(id, "com.example.kept");
    keep(root, 3, "bxo");                        // what is broken leaves the one from before
    vt_wardrobe_check(wardrobe);
    REQUIRE(holds(wardrobe, "com.example.kept@2.0.0"));
    snprintf(command, sizeof command, "rm -r %s", root);
    REQUIRE_INT(system(command), 0);
    vt_wardrobe_check(wardrobe);
    REQUIRE(!holds(wardrobe, "com.example.kept") && holds(wardrobe, "com.example.box"));
    vt_wardrobe_free(&wardrobe);
}

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/vitrine-wardrobe-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    if (chdir(folder) != 0)                      // no samples/ here
        return 1;
    snprintf(path, sizeof path, "%s/box.yaml", folder);
    RUN(a_template_is_found_by_its_id_and_its_version);
    RUN(a_changed_file_is_loaded_and_said_once);
    RUN(a_file_with_an_error_leaves_the_one_from_before);
    RUN(what_is_saved_must_draw_without_errors);
    RUN(a_file_beside_a_template_counts);
    RUN(a_show_starts_with_what_is_there);
    RUN(a_thread_of_its_own_looks);
    RUN(looking_has_an_end);
    RUN(a_sample_without_its_product_is_not_tried);
    RUN(it_is_used_while_another_thread_loads);
    RUN(bundles_come_change_and_go);
    unlink(path);
    rmdir(folder);
    return DONE();
}
