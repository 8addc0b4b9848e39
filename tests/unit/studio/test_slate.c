#include "check.h"

#include <cairo.h>
#include <libavutil/frame.h>
#include <unistd.h>

#include "studio/slate.h"

// A white picture of that size in a file; the caller removes it.
static void write_picture(char path[32], int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_destroy(cr);
    strcpy(path, "/tmp/slate-XXXXXX");
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    close(fd);
    REQUIRE_INT(cairo_surface_write_to_png(surface, path), CAIRO_STATUS_SUCCESS);
    cairo_surface_destroy(surface);
}

static int luma(const AVFrame *frame, int x, int y)
{
    return frame->data[0][y * frame->linesize[0] + x];
}

static AVFrame *slate_of(int width, int height, int picture_width, int picture_height)
{
    AVFrame *frame = NULL;
    char path[32];
    write_picture(path, picture_width, picture_height);
    int r = vt_slate_new(&frame, (struct vt_size){width, height}, path);
    unlink(path);
    REQUIRE_INT(r, 0);
    REQUIRE(frame->width == width && frame->height == height);
    return frame;
}

TEST(a_picture_of_nearly_the_canvas_shape_fills_it)
{
    AVFrame *frame = slate_of(320, 180, 400, 300);
    REQUIRE(luma(frame, 0, 0) > 225 && luma(frame, 319, 179) > 225 && luma(frame, 160, 90) > 225);
    av_frame_free(&frame);
}

// One picture for all of a channel's outputs: upright, all of a wide one is there, with nothing of it cut away.
TEST(a_picture_of_another_shape_shows_whole)
{
    AVFrame *frame = slate_of(180, 320, 320, 180);
    REQUIRE(luma(frame, 2, 160) > 225 && luma(frame, 177, 160) > 225 && luma(frame, 90, 115) > 225 && luma(frame, 90, 204) > 225);
    REQUIRE(luma(frame, 90, 105) < 80 && luma(frame, 90, 214) < 80 && luma(frame, 90, 0) < 80 && luma(frame, 90, 319) < 80);
    av_frame_free(&frame);
    frame = slate_of(320, 180, 180, 320);
    REQUIRE(luma(frame, 160, 2) > 225 && luma(frame, 160, 177) > 225);
    REQUIRE(luma(frame, 100, 90) < 80 && luma(frame, 220, 90) < 80);
    av_frame_free(&frame);
}

TEST(what_cannot_be_read_leaves_the_built_in_one)
{
    AVFrame *frame = NULL;
    REQUIRE_INT(vt_slate_new(&frame, (struct vt_size){320, 180}, "/nonexistent/slate.png"), 0);
    REQUIRE(luma(frame, 0, 0) < 80);
    av_frame_free(&frame);
}

int main(void)
{
    RUN(a_picture_of_nearly_the_canvas_shape_fills_it);
    RUN(a_picture_of_another_shape_shows_whole);
    RUN(what_cannot_be_read_leaves_the_built_in_one);
    return DONE();
}
