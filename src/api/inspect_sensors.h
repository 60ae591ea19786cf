/* What inspect says about LiDAR and radar: numbers of a few frames, and pictures of some. */
#ifndef BCUE_API_INSPECT_SENSORS_H
#define BCUE_API_INSPECT_SENSORS_H

#include "api/report_handle.h"
#include "dataset/recordings.h"

enum { BCUE_SENSOR_FRAMES = 12 }; /* looked at, spread evenly over the samples */

/* A few frames of one modality, in numbers. */
typedef struct bcue_sensor_summary {
    size_t looked_at, unreadable;
    size_t least_points, most_points; /* LiDAR, and radar that is lists of points */
    double median_points, reach_m;    /* reach: median over the clouds, LiDAR */
    bool cubes;                       /* radar: else points */
    size_t shape[3];                  /* of the last cube: antennas, samples, chirps */
    bool shapes_differ;
} bcue_sensor_summary;

typedef struct bcue_sensors {
    bcue_sensor_summary lidar, radar; /* looked_at 0: there are none */
} bcue_sensors;

void bcue_sensors_look(const bcue_dataset *dataset, bcue_sensors *sensors);
/* NULL when neither is there (or no memory). */
bcue_table *bcue_sensors_table(const bcue_sensors *sensors);
void bcue_sensors_json(const bcue_sensors *sensors, json_t *object);
/* Sections with pictures; nothing where there are no frames. */
bcue_status bcue_sensors_add_pictures(bcue_page *page, const bcue_dataset *dataset,
                                      const bcue_sensors *sensors, bcue_error *error);

/* Pictures of one sample's newest LiDAR cloud and radar frame, those that are asked for and there. */
bcue_status bcue_sensors_add_sample(bcue_page *page, const bcue_dataset *dataset, const bcue_sample *sample,
                                    bool lidar, bool radar, bcue_error *error);

#endif
