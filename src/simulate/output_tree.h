/* A folder that appears complete or not at all: files go to a folder beside it, which takes its name at the
 * end. */
#ifndef BCUE_SIMULATE_OUTPUT_TREE_H
#define BCUE_SIMULATE_OUTPUT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/json.h"
#include "beamcue/status.h"

typedef struct bcue_output_file {
    char *path; /* below the folder */
    uint64_t size;
    char hash[17]; /* of the bytes, when listed */
    bool listed;
} bcue_output_file;

typedef struct bcue_output_tree {
    char *target;    /* the name it will have */
    char *temporary; /* the name it has until then; NULL once committed */
    bool overwrite;
    bcue_output_file *files; /* in the order of writing */
    size_t count, capacity;
    uint64_t bytes;
} bcue_output_tree;

/* Check that `target` may be made (and, with `overwrite`, that what is there came from a simulation) and make
 * the temporary folder. */
bcue_status bcue_output_tree_open(bcue_output_tree *tree, const char *target, bool overwrite,
                                  bcue_error *error);
/* Write one file, making its folder when needed. `listed`: it goes into the manifest. */
bcue_status bcue_output_tree_write(bcue_output_tree *tree, const char *path, const void *data, size_t size,
                                   bool listed, bcue_error *error);
/* [{"path", "bytes", "hash"}], of listed files; NULL: no memory. */
json_t *bcue_output_tree_list(const bcue_output_tree *tree);
/* Give the folder its name. An earlier simulation there is removed: the files its manifest lists, nothing
 * else. */
bcue_status bcue_output_tree_commit(bcue_output_tree *tree, bcue_error *error);
/* Remove what was written unless committed, and free. */
void bcue_output_tree_close(bcue_output_tree *tree);

#endif
