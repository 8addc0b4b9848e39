// What a webhook's server may answer, and what a stranger may have it asked.
//
// Two bytes of HTTP status, then the body. The same bytes, split at NULs, are a question's texts: what comes of them is
// one line of ASCII that reads back as what went in.
#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "serve/hook_answer.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_answer(const unsigned char *data, size_t size)
{
    struct vt_hook_answer answer;
    long status = data[0] << 8 | data[1];
    const char *why = vt_hook_read(&answer, status, (const char *)data + 2, size - 2);
    assert((why != NULL) == (answer.verdict == VT_HOOK_FAILED));
    assert(answer.verdict != VT_HOOK_GRANTED || (status == 200 && size - 2 <= VT_HOOK_ANSWER_BYTES));
    assert(answer.channel[0] == 0 || (answer.verdict == VT_HOOK_GRANTED && vt_name_valid(answer.channel)));
}

static void ask(char *text, size_t size)
{
    const char *texts[5];
    size_t at = 0;
    for (int i = 0; i < 5; i++) {
        texts[i] = text + at;
        at += strlen(text + at);
        at += at < size;
    }
    struct vt_hook_question question = {texts[0], texts[1], texts[2], texts[3], texts[4][0] ? texts[4] : NULL};
    char *body = vt_hook_request(&question, 0);
    if (!body)
        return;
    for (const char *c = body; *c; c++)
        assert((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x80);
    json_t *read = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    assert(strcmp(vt_message_text(read, "key"), question.key) == 0);
    assert(strcmp(vt_message_text(read, "address"), question.address) == 0);
    assert(strcmp(vt_message_text(read, "encoder"), question.encoder) == 0);
    assert(strcmp(vt_message_text(read, "protocol"), question.protocol) == 0);
    json_decref(read);
    free(body);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size < 2)
        return 0;
    read_answer(data, size);
    char *text = calloc(1, size - 2 + 1);
    memcpy(text, data + 2, size - 2);
    ask(text, size - 2);
    free(text);
    return 0;
}
