/* FMCW cubes to lists of points, as a radar that detects by itself writes them: transforms over samples and
   chirps, CFAR on the power of all antennas together, and the angle of every detection from its antennas. A
   row of antennas sees no elevation. Any thread. */
#ifndef BCUE_FEATURES_RADAR_DETECT_H
#define BCUE_FEATURES_RADAR_DETECT_H

#include "features/radar_map.h"

/* cube: complex (antennas, samples, chirps), 2..64 antennas, 8..4096 samples and chirps. *points: (*count, 4)
   floats, the caller frees: velocity m/s (positive: goes away, folded into +- lambda / 4 T), azimuth rad
   (positive to the right), altitude (always 0: unknown), depth m, by the chirp of the recipe; in order of
   depth. What stands still is not taken out: a point radar sees it, too. No detection: *points NULL, *count
   0. BCUE_ERROR_DATA for another shape or a value that is not finite. */
bcue_status bcue_radar_detect(const bcue_radar_recipe *recipe, const bcue_npy *cube, const char *name,
                              float **points, size_t *count, bcue_error *error);

#endif
