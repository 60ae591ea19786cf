/* The file site.yaml: how the array and the sensors of a roadside unit stand, and where their recordings lie.
   The frame of the site: origin on the ground at the place `origin`, x towards the heading, y to the left of
   it, z up. What nobody has measured yet is not in the file, and NaN here. */
#ifndef BCUE_DATASET_SITE_CONFIG_H
#define BCUE_DATASET_SITE_CONFIG_H

#include "base/vec3.h"
#include "dataset/recordings.h"

typedef struct bcue_site_pose {
    double x_m, y_m, height_m;           /* in the frame of the site; x and y are 0 where not given */
    double yaw_deg, pitch_deg, roll_deg; /* left of the heading; up; right side down; 0 where not given, but
                                            for the pitch */
    double rate_hz, clock_offset_ms; /* what its time stamps need added to be those of the table; 0 where not
                                        given */
} bcue_site_pose;

typedef enum bcue_site_codebook {
    BCUE_SITE_CODEBOOK_UNKNOWN,
    BCUE_SITE_CODEBOOK_OVERSAMPLED,
    BCUE_SITE_CODEBOOK_PAPER_B,
    BCUE_SITE_CODEBOOK_MEASURED,
} bcue_site_codebook;

typedef struct bcue_site_config {
    char *name;
    char *scene; /* the samples of this scene are those of the site; NULL: all are */
    bcue_data_config data;
    struct {
        double latitude_deg, longitude_deg, altitude_m;
    } origin;
    double heading_deg; /* of the array's boresight, clockwise from north */
    struct {
        int64_t elements; /* 0: unknown */
        double spacing_wavelengths, field_of_view_deg, height_m, carrier_hz;
        int first_beam; /* 0: the one furthest to the left, 1: to the right */
        int codebook;   /* bcue_site_codebook */
        char *file;     /* folder or file of the measured beams */
        char *hash;     /* of the codebook, where a simulation says it */
    } array;
    struct {
        bcue_site_pose pose;
        int64_t width, height; /* of the pictures, pixels; 0: unknown */
        double field_of_view_deg, distortion;
    } camera;
    struct {
        bcue_site_pose pose;
    } lidar, radar;
    struct {
        double antenna_height_m, rate_hz, clock_offset_ms;
    } gnss;
} bcue_site_config;

extern const bcue_config_field bcue_site_config_fields[];

/* Reads a site.yaml, or the one in the folder `path`; roots of recordings that lie beside it become absolute.
   BCUE_ERROR_CONFIG with file, line and key. On success destroy *source when `site` is no longer used. */
bcue_status bcue_site_config_read(const char *path, bcue_site_config *site, bcue_config **source,
                                  bcue_error *error);

typedef enum bcue_site_sensor { BCUE_SITE_CAMERA, BCUE_SITE_LIDAR, BCUE_SITE_RADAR } bcue_site_sensor;
const bcue_site_pose *bcue_site_pose_of(const bcue_site_config *site, bcue_site_sensor sensor);
/* The keys that `sensor` needs before anything can be projected and that are not known, as "origin,
   heading_deg"; appended to `out`, nothing when all are there. */
void bcue_site_missing(const bcue_site_config *site, bcue_site_sensor sensor, bcue_text *out);
/* The same for the array, whose beams are compared with the fixes. */
void bcue_site_missing_array(const bcue_site_config *site, bcue_text *out);

/* A sensor in the world of the site: x east, y north, z up from the ground at the origin. */
bcue_frame bcue_site_frame(const bcue_site_config *site, const bcue_site_pose *pose);
/* Where the antenna of a vehicle with this fix (latitude, longitude) is there; NaN for NaN. */
bcue_vec3 bcue_site_place(const bcue_site_config *site, const double fix[2]);
/* What array.codebook_hash says about recordings of `data`; false: it is not given. */
bool bcue_site_codebook_mark(const bcue_site_config *site, bcue_codebook_mark *mark);
/* Are the recordings of the codebook that the file `path` names, as far as both say it? BCUE_ERROR_DATA with
   both marks. NULL: it names none. */
bcue_status bcue_site_check_codebook(const bcue_codebook_mark *mark, const char *path,
                                     const bcue_dataset *dataset, bcue_error *error);
/* The azimuth of a beam from the boresight, left positive, radians; beams lie evenly in the field of view. */
double bcue_site_beam_azimuth(const bcue_site_config *site, int32_t beam, int32_t beams);

#endif
