#include "studio/picture.h"
#include "check.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/overlay.h"

static char folder[] = "/tmp/vitrine-picture-XXXXXX";

static const char *in(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_png(const char *path, int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgba(cr, 1, 0, 0, 0.5);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_write_to_png(surface, path);
    cairo_surface_destroy(surface);
}

static bool loads(struct vt_pictures *pictures, const char *name)
{
    cairo_surface_t *surface = vt_pictures_load(pictures, NULL, name);
    bool loaded = surface != NULL;
    if (surface)
        cairo_surface_destroy(surface);
    return loaded;
}

TEST(a_picture_is_premultiplied_and_kept_until_it_changes)
{
    struct vt_pictures *pictures = NULL;
    REQUIRE_INT(vt_pictures_new(&pictures, in("root")), 0);
    cairo_surface_t *one = vt_pictures_load(pictures, NULL, "sub/a.png"), *two = vt_pictures_load(pictures, NULL, "sub/a.png");
    REQUIRE(one && one == two);
    REQUIRE_INT(cairo_image_surface_get_width(one), 8);
    const uint8_t *p = cairo_image_surface_get_data(one);
    REQUIRE(p[3] == 128 && p[2] >= 127 && p[2] <= 128 && p[1] == 0 && p[0] == 0);
    write_png(in("root/sub/a.png"), 16, 8);
    cairo_surface_t *three = vt_pictures_load(pictures, NULL, "sub/a.png");
    REQUIRE_INT(cairo_image_surface_get_width(three), 16);
    cairo_surface_destroy(one);
    cairo_surface_destroy(two);
    cairo_surface_destroy(three);
    vt_pictures_free(&pictures);
}

TEST(nothing_outside_of_the_folder_is_opened)
{
    struct vt_pictures *pictures = NULL;
    REQUIRE_INT(vt_pictures_new(&pictures, in("root")), 0);
    REQUIRE(loads(pictures, "sub/a.png"));
    REQUIRE(!loads(pictures, "../secret.png"));
    REQUIRE(!loads(pictures, "sub/../../secret.png"));
    REQUIRE(!loads(pictures, in("secret.png")));
    REQUIRE(!loads(pictures, "link.png"));
    REQUIRE(strstr(vt_pictures_why(pictures), "link"));
    REQUIRE(!loads(pictures, "linked/secret.png"));
    REQUIRE(!loads(pictures, "sub"));
    REQUIRE(!loads(pictures, "./sub/a.png"));
    REQUIRE(!loads(pictures, "sub//a.png"));
    REQUIRE(!loads(pictures, ""));
    REQUIRE(!loads(pictures, "absent.png"));
    char path[VT_PICTURE_PATH + 2];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = 0;
    REQUIRE(!loads(pictures, path));
    vt_pictures_free(&pictures);
}

static int decode_file(const char *path)
{
    cairo_surface_t *surface = NULL;
    FILE *file = fopen(path, "rb");
    static uint8_t data[4 << 20];
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    int r = vt_picture_decode(&surface, data, size);
    if (surface)
        cairo_surface_destroy(surface);
    return r;
}

TEST(limits_and_damage_are_refused)
{
    static const uint8_t junk[64] = "\x89PNG\r\n\x1a\n";
    cairo_surface_t *surface = NULL;
    write_png(in("wide.png"), VT_PICTURE_SIDE, 1);
    REQUIRE_INT(decode_file(in("wide.png")), 0);
    write_png(in("wide.png"), VT_PICTURE_SIDE + 1, 1);
    REQUIRE_INT(decode_file(in("wide.png")), -EFBIG);
    write_png(in("wide.png"), 4096, 4097);
    REQUIRE(decode_file(in("wide.png")) < 0);
    REQUIRE_INT(vt_picture_decode(&surface, junk, sizeof junk), -EINVAL);
    REQUIRE_INT(vt_picture_decode(&surface, (const uint8_t *)"GIF89a", 6), -EINVAL);
    REQUIRE_INT(vt_picture_decode(&surface, junk, 0), -EINVAL);
    REQUIRE(!surface);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    mkdir(in("root"), 0700);
    mkdir(in("root/sub"), 0700);
    write_png(in("root/sub/a.png"), 8, 8);
    write_png(in("secret.png"), 8, 8);
    if (symlink("../secret.png", in("root/link.png")) != 0 || symlink("..", in("root/linked")) != 0)
        return 1;
    RUN(a_picture_is_premultiplied_and_kept_until_it_changes);
    RUN(nothing_outside_of_the_folder_is_opened);
    RUN(limits_and_damage_are_refused);
    static const char *const files[] = {"root/sub/a.png", "root/link.png", "root/linked", "secret.png", "wide.png"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(in(files[i]));
    rmdir(in("root/sub"));
    rmdir(in("root"));
    rmdir(folder);
    return DONE();
}
