/* Inside the room: errors that a configuration adds to recorded fixes, drawn once and for all. They depend on
   the seed, the source's name and the frame (white) or the episode and the instant (slow) alone: windows that
   share a frame share its fix, and other windows, splits, sources and folders change nothing. Missing fixes
   stay missing. Nothing is done where the deviation is 0. */
#ifndef BCUE_DATASET_FIX_ERROR_H
#define BCUE_DATASET_FIX_ERROR_H

#include "dataset/source_table.h"

/* Move one fix by its draw of data.gps_error.white_m. `frame`: what the source calls it; a reader does this
   before it makes other fixes of it. */
void bcue_fix_error_white(const bcue_source_job *job, const char *frame, double fix[2]);
/* Move all fixes of a finished table by data.gps_error.drift_m. The frames of a row of a challenge package
   have one time, so their error is the same. */
void bcue_fix_errors_slow(const bcue_source_job *job);

#endif
