/* Whole files in and out, and paths. */
#ifndef BCUE_BASE_FILE_H
#define BCUE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "beamcue/status.h"

typedef struct bcue_bytes {
    uint8_t *data; /* owned by whoever holds the struct; NUL after the last byte, not counted */
    size_t size;
} bcue_bytes;

/* Read a whole file of at most `max_size` bytes. On success the caller frees with bcue_bytes_free. */
bcue_status bcue_file_read(const char *path, size_t max_size, bcue_bytes *bytes, bcue_error *error);
void bcue_bytes_free(bcue_bytes *bytes);

/* Write to a temporary name in the same folder, fsync, rename. On failure the old file is untouched and
   nothing is left behind. */
bcue_status bcue_file_write(const char *path, const void *data, size_t size, bcue_error *error);

/* The same for a file that is written piecewise: open, fwrite to .stream, then commit or abandon. */
typedef struct bcue_file_writer {
    FILE *stream;
    char *path;
    char *temporary;
} bcue_file_writer;
bcue_status bcue_file_writer_open(bcue_file_writer *writer, const char *path, bcue_error *error);
bcue_status bcue_file_writer_commit(bcue_file_writer *writer,
                                    bcue_error *error);  /* checks every write error; closes either way */
void bcue_file_writer_abandon(bcue_file_writer *writer); /* no-op after commit */

/* Read-only mapping of a file. */
typedef struct bcue_mapping {
    const uint8_t *data;
    size_t size;
} bcue_mapping;
bcue_status bcue_file_map(const char *path, bcue_mapping *mapping, bcue_error *error);
void bcue_file_unmap(bcue_mapping *mapping);
/* Gives the memory of the pages that were read back to the system; who reads them again gets them from the
   file. */
void bcue_file_release(const bcue_mapping *mapping);

bool bcue_path_exists(const char *path);
bool bcue_path_is_dir(const char *path);
/* mkdir -p. */
bcue_status bcue_make_dirs(const char *path, bcue_error *error);
/* "folder/name" (just a copy of `name` when it is absolute or folder is empty); leading "./" of name dropped.
   malloc'd; NULL: no memory. */
char *bcue_path_join(const char *folder, const char *name);
/* The folder part of a path, "." when there is none. malloc'd. */
char *bcue_path_dirname(const char *path);
/* Pointer into `path` after its last slash. */
const char *bcue_path_basename(const char *path);
/* Refuse early: can a file be made in `folder` (created if missing)? The sentence says what to do. */
bcue_status bcue_check_writable_dir(const char *folder, bcue_error *error);

#endif
