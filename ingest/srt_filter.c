#include "ingest/srt_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

// Offsets from the start of the UDP header, as such a filter sees a datagram.
#define KIND_AT         8                // of the packet: control bit, 15 bits of type, subtype
#define MTU_AT          36               // in a handshake
#define KIND_MASK       0xffff0000u
#define KIND_HANDSHAKE  0x80000000u
#define PASS            0xffffffffu
#define DROP            0

// A datagram that ends before a word that is looked at is dropped.
int vt_srt_filter_attach(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, KIND_AT),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, KIND_MASK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KIND_HANDSHAKE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, MTU_AT),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, VT_SRT_MTU_MIN, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, VT_SRT_MTU_MAX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, PASS),
        BPF_STMT(BPF_RET | BPF_K, DROP),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}
