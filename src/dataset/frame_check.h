/* Inside the room: is the file of a frame whole? */
#ifndef BCUE_DATASET_FRAME_CHECK_H
#define BCUE_DATASET_FRAME_CHECK_H

#include <stdbool.h>
#include "features/recipes.h"

/* Quick: compares the length of .npy and .ply files with what their headers announce, a few kilobytes read
   each. `thorough` reads all: decodes ASCII clouds, pictures and arrays. Formats it does
   not know count as whole. */
bool bcue_frame_damaged(const char *path, bcue_modality modality, size_t size, bool thorough);

#endif
