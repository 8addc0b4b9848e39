#include "serve/examiner.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char root[64];
static struct vt_loop *loop;
static int done, kept;

static void on_done(void *opaque, const struct vt_exam *exam)
{
    REQUIRE_INT(exam->error, 0);
    kept += exam->rev == done + 1;               // one after another, in the order in which they came
    if (++done == VT_EXAMS_MAX)
        vt_loop_exit(loop, 0);
}

static struct vt_exam *make(const char *id)
{
    struct vt_exam *exam = calloc(1, sizeof *exam);
    REQUIRE(exam != NULL);
    snprintf(exam->id, sizeof exam->id, "%s", id);
    exam->body = json_pack("{s:s}", "template", "id: com.example.card\nversion: 1.0.0\nname: Card\nlayout: {type: box}\n");
    exam->done = on_done;
    return exam;
}

TEST(holds_as_many_as_it_says_and_keeps_them_in_order)
{
    struct vt_examiner *examiner = NULL;
    REQUIRE_INT(vt_loop_new(&loop), 0);
    REQUIRE_INT(vt_examiner_new(&examiner, loop, root), 0);
    for (int i = 0; i < VT_EXAMS_MAX; i++)
        REQUIRE_INT(vt_examiner_add(examiner, make("com.example.card")), 0);
    struct vt_exam *one_more = make("com.example.card");
    REQUIRE_INT(vt_examiner_add(examiner, one_more), -EBUSY);
    REQUIRE_INT(vt_loop_run(loop), 0);
    REQUIRE_INT(done, VT_EXAMS_MAX);
    REQUIRE_INT(kept, VT_EXAMS_MAX);
    vt_exam_free(&one_more);
    REQUIRE_INT(vt_examiner_add(examiner, make("com.example.card")), 0);
    vt_examiner_free(&examiner);                 // what still waits is given up
    REQUIRE(examiner == NULL && done == VT_EXAMS_MAX);
    vt_loop_free(&loop);
}

TEST(nothing_is_left_of_what_was_given_up)
{
    struct vt_examiner *examiner = NULL;
    char command[128];
    done = VT_EXAMS_MAX;                         // nobody may be told
    REQUIRE_INT(vt_loop_new(&loop), 0);
    REQUIRE_INT(vt_examiner_new(&examiner, loop, root), 0);
    for (int i = 0; i < 4; i++)
        REQUIRE_INT(vt_examiner_add(examiner, make("com.example.other")), 0);
    vt_examiner_free(&examiner);
    vt_loop_free(&loop);
    REQUIRE_INT(done, VT_EXAMS_MAX);
    snprintf(command, sizeof command, "test -z \"$(find %s -name '.new-*')\"", root);
    REQUIRE_INT(system(command), 0);
}

int main(void)
{
    char command[80];
    snprintf(root, sizeof root, "/tmp/vitrine-examiner-XXXXXX");
    if (!mkdtemp(root))
        return 1;
    RUN(holds_as_many_as_it_says_and_keeps_them_in_order);
    RUN(nothing_is_left_of_what_was_given_up);
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command) != 0 || DONE();
}
