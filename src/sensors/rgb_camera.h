/* A camera that renders the street by ray casting: sun with shadows, sky, procedural surfaces, anti-aliased
   edges; street lamps and headlights by night, fog, rain and snow; lens distortion, motion blur, noise. */
#ifndef BCUE_SENSORS_RGB_CAMERA_H
#define BCUE_SENSORS_RGB_CAMERA_H

#include <stdbool.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "rays/ray_scene.h"

typedef struct bcue_camera_config {
    int width, height;
    double field_of_view; /* horizontal, radians, below pi; of the picture without distortion */
    /* The lens: a picture point at radius r (1 = half the width) shows what a pinhole shows at
       r (1 + k1 r^2 + k2 r^4). Positive k1: barrel. */
    double distortion[2];
    double exposure_s; /* shutter time: how long moving vehicles smear; 0 = not */
    double noise;      /* standard deviation in a mid-grey of the picture (0..1); 0 = none */
} bcue_camera_config;

/* A lamp that lights the street: irradiance on a surface that faces it from d metres is pi intensity / d^2
   (the sun's at noon is about 2.3 pi), inside its cone. */
typedef struct bcue_lamp_source {
    bcue_vec3 position, direction; /* direction: unit, the middle of its cone */
    double half_angle;             /* of the cone, radians; pi: all around */
    double intensity;
    float colour[3]; /* linear RGB, about 1 */
} bcue_lamp_source;

/* Light and weather. What is zero is absent: {sun, exposure, cloudiness} is a clear day. All members have
   eight bytes, so that two of them can be compared as memory. */
typedef struct bcue_daylight {
    bcue_vec3 sun;           /* unit, towards the sun; at full darkness it may stand below the horizon */
    double exposure;         /* 1 = a normal exposure at noon */
    double cloudiness;       /* share of the sky under cloud, 0..1 */
    double darkness;         /* 0 = day, 1 = night: how much of sun and sky is gone; windows light up */
    double extinction_per_m; /* of light, by fog, rain and snow */
    double rain, snow;       /* streaks and flakes in the air, 0..1 */
    double wetness;          /* of roads, 0..1: darker, and they mirror */
    double snow_cover;       /* of surfaces that look up, 0..1 */
    double headlights;       /* 1: all vehicles have their lamps on */
    const bcue_lamp_source *lamps; /* street lamps; must outlive the render */
    size_t lamp_count;
} bcue_daylight;

/* Buffers and look-up tables of one camera. One thread at a time may render with it; rendering itself runs in
 * parallel. */
typedef struct bcue_camera bcue_camera;

/* `scene` must outlive the camera. */
bcue_status bcue_camera_create(const bcue_camera_config *config, const bcue_ray_scene *scene,
                               bcue_camera **camera, bcue_error *error);
void bcue_camera_destroy(bcue_camera *camera); /* NULL is fine */

/* Which random numbers noise and falling rain take in the pictures from now on. */
void bcue_camera_set_key(bcue_camera *camera, uint64_t seed, uint32_t episode, uint32_t frame);

/* The time of the episode, which traffic lights go by. Before the first call none of their lenses shines. */
void bcue_camera_set_time(bcue_camera *camera, double time_s);

/* Render the scene as it is placed now. While frame and daylight stay the same, the street alone is rendered
   once and only what vehicles cover, shade or darken is rendered again; the picture is the same as without
   that. `frame`: x into the picture, y to the left, z up. `rgb`: height x width x 3 bytes, rows top to
   bottom. The picture does not depend on the number of threads. */
void bcue_camera_render(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                        uint8_t *rgb);

/* The same picture with every pixel rendered anew: the reference for the above. */
void bcue_camera_render_all(bcue_camera *camera, const bcue_frame *frame, const bcue_daylight *daylight,
                            uint8_t *rgb);

/* Where the time goes, in seconds summed over the pictures since measuring was switched on. */
typedef struct bcue_camera_times {
    size_t pictures;
    /* wall clock: pixel centres, smoothed edges, keeping and comparing what did not change, and what happens
       to the finished picture (blur, glow, drops, noise) */
    double centres_s, edges_s, keep_s, post_s;
    /* of centres and edges, summed over threads: primary rays, surface points, the sun's shadow rays, lamps
       with theirs, colours */
    double rays_s, points_s, sun_s, lamps_s, shading_s;
} bcue_camera_times;

/* Start measuring from zero, or stop (the default: reading the clock costs a little). */
void bcue_camera_measure(bcue_camera *camera, bool on);
const bcue_camera_times *bcue_camera_measured(bcue_camera *camera);

/* Where a world point falls in the picture, distortion included: pixel coordinates with (0, 0) the outer
 * corner of the top left pixel. False when it is behind the camera. */
bool bcue_camera_project(const bcue_camera_config *config, const bcue_frame *frame, bcue_vec3 point,
                         double *column, double *row);

/* What the centre of each pixel saw at the last render: BCUE_RAY_STATIC, BCUE_RAY_STATIC - 1 for sky, or the
 * index of the vehicle. height x width. */
const uint32_t *bcue_camera_instance_map(const bcue_camera *camera);
#define BCUE_CAMERA_SKY (BCUE_RAY_STATIC - 1u)
/* The distance along the ray of each pixel's centre in metres; HUGE_VALF for sky. */
void bcue_camera_depth_map(const bcue_camera *camera, float *metres);
/* What each pixel's centre shows: a bcue_camera_class. */
typedef enum bcue_camera_class {
    BCUE_CLASS_SKY,
    BCUE_CLASS_GROUND,
    BCUE_CLASS_BUILDING,
    BCUE_CLASS_TREE,
    BCUE_CLASS_FURNITURE, /* lamp posts, signs, bus stops, anything else that stands */
    BCUE_CLASS_VEHICLE,   /* parked ones too */
} bcue_camera_class;
void bcue_camera_class_map(const bcue_camera *camera, uint8_t *classes);
/* The box around the visible pixels of a vehicle of the last render: false when none is visible. */
bool bcue_camera_visible_box(const bcue_camera *camera, uint32_t instance, int *left, int *top, int *right,
                             int *bottom, size_t *pixels);

#endif
