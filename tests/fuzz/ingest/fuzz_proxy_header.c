// A PROXY header: it ends where it ends however much follows, and no part of it is a header of its own.
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ingest/proxy_header.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct sockaddr_storage from = {.ss_family = AF_UNIX}, again = from;
    int used = vt_proxy_header(data, size, &from);
    assert(used <= (int)size && used <= VT_PROXY_V2_BYTES);
    if (used <= 0) {
        assert((used == 0 || used == -EBADMSG) && from.ss_family == AF_UNIX);
        assert(used < 0 || size < VT_PROXY_V2_BYTES);
        return 0;
    }
    assert(from.ss_family == AF_INET || from.ss_family == AF_INET6 || from.ss_family == AF_UNSPEC);
    assert(vt_proxy_header(data, (size_t)used, &again) == used && again.ss_family == from.ss_family);
    for (int n = 0; n < used; n++)
        assert(vt_proxy_header(data, (size_t)n, &again) == 0);
    return 0;
}
