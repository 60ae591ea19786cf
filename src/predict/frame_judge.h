/* Inside the room: what can be told from one frame of a sensor, or one fix after another. */
#ifndef BCUE_PREDICT_FRAME_JUDGE_H
#define BCUE_PREDICT_FRAME_JUDGE_H

#include "beamcue/stream.h"
#include "features/recipes.h"

/* Black, saturated, flat or good, from some 65,000 samples spread over the picture. */
bcue_verdict bcue_judge_picture(const bcue_image *image);
/* Is everything after the header of an npy file zero (and is there anything)? False for other files. */
bool bcue_npy_only_zeros(const void *data, size_t size);
/* `maps` as the recipe made them of a cube: is nothing in it that differs from chirp to chirp? */
bool bcue_radar_is_still(const bcue_radar_recipe *recipe, const float *maps);
/* Metres over the ground between two fixes. */
double bcue_fix_distance_m(const bcue_fix *from, const bcue_fix *to);
/* "latitude longitude" or NMEA sentences, of which the last that has a fix counts; NaN: there is none.
   BCUE_ERROR_FORMAT. */
bcue_status bcue_fix_parse(const void *data, size_t size, bcue_fix *fix, bcue_error *error);

#endif
