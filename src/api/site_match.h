/* What LiDAR and radar see of the vehicle whose fix is known: what moves, in groups, the nearest to the fix.
 */
#ifndef BCUE_API_SITE_MATCH_H
#define BCUE_API_SITE_MATCH_H

#include "api/site_tracks.h"

/* Points in the world of the site (x east, y north, z up from the ground). */
typedef struct bcue_site_points {
    size_t count;
    bcue_vec3 *at; /* owned */
    bool *moving;  /* owned: LiDAR: far from all that stands still; radar: by its velocity */
} bcue_site_points;

/* Reads the frames of one sensor of a recording. */
typedef struct bcue_site_reader {
    const bcue_site_config *site;
    const bcue_dataset *dataset;
    bcue_site_sensor sensor; /* LiDAR or radar */
    bcue_frame frame;
    bcue_lidar_background *background; /* owned; NULL: none could be learnt */
} bcue_site_reader;

/* Learns what stands still before the LiDAR from frames of the site. Close it either way. */
bcue_status bcue_site_reader_open(const bcue_site_config *site, const bcue_dataset *dataset,
                                  const bcue_site_tracks *tracks, bcue_site_sensor sensor,
                                  bcue_site_reader *reader, bcue_error *error);
void bcue_site_reader_close(bcue_site_reader *reader);
/* The newest frame of a sample. Without a file, or a damaged one: no points. Free with bcue_site_points_free.
 */
bcue_status bcue_site_read_points(const bcue_site_reader *reader, size_t sample, bcue_site_points *points,
                                  bcue_error *error);
void bcue_site_points_free(bcue_site_points *points);

/* The middle of the group of moving points nearest to `at`; NaN: none. Points less than 1.5 m from each other
   are of one group; groups of fewer than 3 do not count. */
bcue_status bcue_site_nearest_group(const bcue_site_points *points, bcue_vec3 at, bcue_vec3 *middle,
                                    bcue_error *error);

#endif
