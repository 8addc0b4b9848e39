// A datagram from a hostile peer: the first byte says who sends to whom, the second how many descriptors came along.
#include <stdint.h>
#include <stdlib.h>

#include "base/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum vt_role self = data[0] % VT_ROLES, peer = data[0] / VT_ROLES % VT_ROLES;
    enum vt_message_kind kind = VT_MESSAGE_KINDS;
    json_t *body = NULL;
    if (vt_message_decode(self, peer, data + 2, size - 2, data[1] % 10, &kind, &body) == 0) {
        if (kind >= VT_MESSAGE_KINDS || !json_is_object(body) || vt_message_text(body, "message"))
            abort();
        vt_message_int(body, "conn", 0);
        json_decref(body);
    } else if (body) {
        abort();
    }
    return 0;
}
