/* A folder that appears complete or not at all. Files go to a working folder beside it, "TARGET.partial",
   which takes its name at the end. What a killed run left there is gone on with: unfinished.json in it says
   which configuration it belongs to. Several processes may write there at once, each its own files. */
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
    bool created;            /* the working folder was not there before */
    bool finished;           /* another process of this run has given the folder its name already */
    bcue_output_file *files; /* since the last forget, in the order of writing */
    size_t count, capacity;
    bool measuring; /* nothing is written, only counted: */
    uint64_t bytes, disk_bytes;
} bcue_output_tree;

/* Whose files they are. */
typedef struct bcue_output_identity {
    const char *config_hash, *version;
    uint32_t episodes;
    bool follow; /* another process makes the folder: wait for it */
} bcue_output_identity;

/* Check that `target` may be made (and, with `overwrite`, that what is there came from a simulation) and make
   or take over the working folder. One of another identity is an error, or with `overwrite` removed. Close it
   also after a failure. A follower that comes too late finds the tree `finished`. */
bcue_status bcue_output_tree_open(bcue_output_tree *tree, const char *target, bool overwrite,
                                  const bcue_output_identity *identity, bcue_error *error);
/* A tree that writes nothing and counts what it would write; disk_bytes in blocks of 4 KiB. */
bcue_status bcue_output_tree_measure(bcue_output_tree *tree, const char *target, bcue_error *error);
/* Write one file, making its folder when needed. `listed`: it goes into the manifest. */
bcue_status bcue_output_tree_write(bcue_output_tree *tree, const char *path, const void *data, size_t size,
                                   bool listed, bcue_error *error);
/* List a file that something else has written there. */
bcue_status bcue_output_tree_adopt(bcue_output_tree *tree, const char *path, bcue_error *error);
/* The same so that the file is there whole or not at all, even if the machine fails; not in the list. */
bcue_status bcue_output_tree_write_whole(bcue_output_tree *tree, const char *path, const void *data,
                                         size_t size, bcue_error *error);
/* "TARGET.partial/path"; malloc'd, NULL: no memory. */
char *bcue_output_tree_path(const bcue_output_tree *tree, const char *path);
/* [{"path", "bytes", "hash"}], of listed files; NULL: no memory. */
json_t *bcue_output_tree_list(const bcue_output_tree *tree);
/* Begin a new list; the files stay. */
void bcue_output_tree_forget(bcue_output_tree *tree);
/* Remove the files of the list, and their folders as far as they are empty. */
void bcue_output_tree_undo(bcue_output_tree *tree);
/* Remove the whole working folder: everything a simulation writes there. */
void bcue_output_tree_discard(bcue_output_tree *tree);
/* Remove a folder at the top of the working folder, for other processes at one blow. */
void bcue_output_tree_drop(bcue_output_tree *tree, const char *name);
/* The right to finish and name the folder, until close(*claim); false: another process has it, or has given
   the name. *claim -1: what is left of a process that was killed just before that; nobody else holds it. */
bool bcue_output_tree_claim(const bcue_output_tree *tree, int *claim);
/* Is an open file still the one of this path? Whoever held a lock on it may have removed it. */
bool bcue_output_still_named(int file, const char *path);
/* Give the folder its name, without its unfinished.json. An earlier simulation there is removed: the files
   its manifest lists, nothing else. It is no error if another process has done so a moment before. */
bcue_status bcue_output_tree_commit(bcue_output_tree *tree, bcue_error *error);
void bcue_output_tree_close(bcue_output_tree *tree);

#endif
