/* The colour of a surface point or of the sky, inside the sensors room. Linear RGB in float; no state, any
 * thread. */
#ifndef BCUE_SENSORS_RGB_SHADE_H
#define BCUE_SENSORS_RGB_SHADE_H

#include <stdbool.h>
#include "sensors/rgb_camera.h"

/* fmaxf, fminf and floorf are calls into the C library where the compiler may not assume SSE 4.1 and no NaN;
   these are one or two instructions. bcue_floor: |x| < 2^31. */
static inline float bcue_max(float a, float b)
{
    return a > b ? a : b;
}
static inline float bcue_min(float a, float b)
{
    return a < b ? a : b;
}
static inline float bcue_floor(float x)
{
    float whole = (float)(int32_t)x;
    return whole > x ? whole - 1.0f : whole;
}

typedef struct bcue_rgb {
    float r, g, b;
} bcue_rgb;

typedef struct bcue_float3 {
    float x, y, z;
} bcue_float3;

typedef struct bcue_light {
    bcue_float3 sun_direction;
    bcue_rgb sun, sky, ground; /* irradiance / pi from the sun (face on), from above and from below */
    float glint; /* how much of the sun's disc mirrors show: none under closed clouds or in thick air */
    float cloudiness;
    float darkness, extinction, wetness, snow_cover; /* see bcue_daylight */
    bool headlights;
    bcue_rgb haze; /* what distant things fade into */
} bcue_light;

typedef struct bcue_shading_point {
    bcue_float3 position, normal, view; /* view: unit, from the camera to the point */
    float distance;
    float pixel_angle; /* radians that a pixel covers */
    const bcue_material *material;
    bcue_rgb tint;
    uint32_t variant;
    float openness; /* how much of the sky is not hidden by a vehicle standing near, 0..1 */
    bool in_sun;
    bool vehicle;
    enum { BCUE_NO_LAMP, BCUE_VEHICLE_HEADLAMP, BCUE_VEHICLE_TAIL_LAMP } lamp; /* a vehicle's own lens */
    bcue_rgb shine;                                                            /* of a traffic light's lens */
    bcue_rgb lamps, lamp_glint; /* from lamps: irradiance / pi, and its mirror-like part */
} bcue_shading_point;

bcue_light bcue_light_make(const bcue_daylight *daylight);
bcue_rgb bcue_shade(const bcue_light *light, const bcue_world *world, const bcue_shading_point *point);
bcue_rgb bcue_shade_sky(const bcue_light *light, bcue_float3 direction);

#endif
