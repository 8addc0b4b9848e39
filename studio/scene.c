#include "studio/scene.h"

struct vt_view *vt_actor_view(const struct vt_actor *actor, int64_t frame)
{
    if (frame >= actor->end_frame)
        return NULL;
    return actor->next && frame >= actor->next_from ? actor->next : actor->view;
}

void vt_scene_copy(struct vt_scene *to, const struct vt_scene *from)
{
    to->version = from->version;
    to->count = from->count;
    for (int i = 0; i < from->count; i++) {
        to->actors[i] = from->actors[i];
        if (from->actors[i].view)
            vt_view_ref(from->actors[i].view);
        if (from->actors[i].next)
            vt_view_ref(from->actors[i].next);
    }
}

void vt_scene_clear(struct vt_scene *scene)
{
    for (int i = 0; i < scene->count; i++) {
        vt_view_unref(&scene->actors[i].view);
        vt_view_unref(&scene->actors[i].next);
    }
    scene->count = 0;
}
