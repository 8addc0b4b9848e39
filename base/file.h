// Whole files, read up to a limit and written so that nobody ever sees half of one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Reads a file of at most `limit` bytes. Returns 0 and its bytes with a NUL behind them, which the caller frees; a
// negative errno (-EFBIG: longer).
int vt_read_file(const char *path, size_t limit, char **ret, size_t *ret_size);

// The same for `name` below the directory `folder` that others may write into: -EFBIG also for what is no regular file,
// -ELOOP for a symbolic link.
int vt_read_file_at(int folder, const char *name, size_t limit, char **ret, size_t *ret_size);

// Puts a file into `folder`, in place of what had the name before: written as NAME.tmp, then renamed. `durable`: it has
// reached the disk when this returns. Returns 0 or a negative errno; then what was there stays.
#define VT_FILE_NAME 144                 // longest name with its NUL; -ENAMETOOLONG past it
int vt_put_file_at(int folder, const char *name, const void *data, size_t size, bool durable);

// All of it, whatever write() does. Returns 0 or a negative errno.
int vt_write_all(int fd, const void *data, size_t size);
