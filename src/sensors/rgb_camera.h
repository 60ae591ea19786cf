/* A pinhole camera that renders the street by ray casting: sun with shadows, sky, procedural surfaces,
 * anti-aliased edges. */
#ifndef BCUE_SENSORS_RGB_CAMERA_H
#define BCUE_SENSORS_RGB_CAMERA_H

#include <stdbool.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "rays/ray_scene.h"

typedef struct bcue_camera_config {
    int width, height;
    double field_of_view; /* horizontal, radians, below pi */
} bcue_camera_config;

/* Daylight. */
typedef struct bcue_daylight {
    bcue_vec3 sun;     /* unit, towards the sun, above the horizon */
    double exposure;   /* 1 = a normal exposure at noon */
    double cloudiness; /* share of the sky under cloud, 0..1 */
} bcue_daylight;

/* Buffers and look-up tables of one camera. One thread at a time may render with it; rendering itself runs in
 * parallel. */
typedef struct bcue_camera bcue_camera;

/* `scene` must outlive the camera. */
bcue_status bcue_camera_create(const bcue_camera_config *config, const bcue_ray_scene *scene,
                               bcue_camera **camera, bcue_error *error);
void bcue_camera_destroy(bcue_camera *camera); /* NULL is fine */

/* Render the scene as it is placed now. While frame and daylight stay the same, the street alone is rendered
   once and only what vehicles cover, shade or darken is rendered again; the picture is the same as without
   that. `frame`: x into the picture, y to the left, z up. `rgb`: height x width x 3 bytes, rows top to
   bottom. The picture does not depend on the number of threads. */
void bcue_camera_render(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                        uint8_t *rgb);

/* The same picture with every pixel rendered anew: the reference for the above. */
void bcue_camera_render_all(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                            uint8_t *rgb);

/* Where a world point falls in the picture: pixel coordinates with (0, 0) the outer corner of the top left
 * pixel. False when it is behind the camera. */
bool bcue_camera_project(const bcue_camera_config *config, const bcue_frame *frame, bcue_vec3 point,
                         double *column, double *row);

/* What the centre of each pixel saw at the last render: BCUE_RAY_STATIC, BCUE_RAY_STATIC - 1 for sky, or the
 * index of the vehicle. height x width. */
const uint32_t *bcue_camera_instance_map(const bcue_camera *camera);
#define BCUE_CAMERA_SKY (BCUE_RAY_STATIC - 1u)

#endif
