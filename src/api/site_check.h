/* Comparing a site.yaml with its recordings: the numbers, and the pictures of some frames. */
#ifndef BCUE_API_SITE_CHECK_H
#define BCUE_API_SITE_CHECK_H

#include "api/site_match.h"
#include "beamcue/hooks.h"
#include "sensors/rgb_camera.h"

/* What one sensor says about the vehicles against what their fixes say. */
typedef struct bcue_site_agreement {
    char missing[200];              /* keys to be measured first; "": none */
    size_t looked_at;               /* frames with a fix */
    size_t compared;                /* of these, with something to compare */
    double inside_percent;          /* camera: fixes that fall into the picture */
    double range_m, range_spread_m; /* sensor minus fix: median, and half of the frames are nearer to it */
    double azimuth_deg, azimuth_spread_deg; /* the same, left positive */
    double pixels;                          /* camera: median distance to the true place; NaN: not known */
} bcue_site_agreement;

typedef struct bcue_site_study {
    const bcue_site_config *site;
    const bcue_dataset *dataset;
    bcue_site_tracks tracks;
    double *
        truth; /* owned: count x (column, row) of the vehicle's antenna in the picture; NULL: not simulated */
    bcue_site_agreement array, sensors[3]; /* by bcue_site_sensor */
    bcue_site_heading fit;
} bcue_site_study;

/* Free it also after a failure. */
bcue_status bcue_site_study_make(const bcue_site_config *site, const bcue_dataset *dataset,
                                 const bcue_hooks *hooks, bcue_site_study *study, bcue_error *error);
void bcue_site_study_free(bcue_site_study *study);

/* The camera of a site; false while something of it is not known. */
bool bcue_site_camera_of(const bcue_site_config *site, bcue_camera_config *camera, bcue_frame *frame);

/* Write camera-1.png ... and bev-1.png ... of a few frames into `folder`; `name` is called with each path. */
bcue_status bcue_site_draw(const bcue_site_study *study, const char *folder,
                           bool (*name)(void *cookie, const char *path), void *cookie, bcue_error *error);

#endif
