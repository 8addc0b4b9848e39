#include "serve/service.h"

#include "base/log.h"

static void on_due(void *opaque)
{
    struct vt_service *service = opaque;
    vt_source_free(&service->restart);
    vt_service_start(service);
}

static void start_after(struct vt_service *service, int64_t delay_ns)
{
    int err = vt_loop_timer(service->params.loop, &service->restart, vt_now_ns() + delay_ns, on_due, service);
    if (err)
        vt_error("a process will not be started again: no timer");
}

static void on_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_service *service = opaque;
    service->on_message(service->opaque, child, message);
}

static void on_exit_of_child(void *opaque, struct vt_child *child, int status)
{
    struct vt_service *service = opaque;
    int64_t delay_ns = vt_backoff_next(&service->backoff, vt_child_age_ns(child));
    vt_child_free(&service->child);
    if (service->on_exit(service->opaque, status))
        start_after(service, delay_ns);
}

void vt_service_start(struct vt_service *service)
{
    struct vt_child_params params = service->params;
    params.on_message = on_message;
    params.on_exit = on_exit_of_child;
    params.opaque = service;
    if (vt_child_new(&service->child, &params))
        start_after(service, vt_backoff_next(&service->backoff, 0));
    else
        service->on_start(service->opaque);
}

void vt_service_stop(struct vt_service *service)
{
    vt_source_free(&service->restart);
    vt_child_free(&service->child);
}
