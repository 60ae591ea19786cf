/* Inside the room: the light of street lamps and headlights on surface points. */
#ifndef BCUE_SENSORS_RGB_LAMPS_H
#define BCUE_SENSORS_RGB_LAMPS_H

#include "sensors/rgb_shade.h"

/* Lamps near enough to matter for one packet, and of these the strongest per point. */
enum { BCUE_LAMP_CANDIDATES = 128, BCUE_LAMPS_PER_POINT = 8 };

typedef struct bcue_lamp_light {
    bcue_float3 position, direction;
    float cos_edge, sin_edge; /* of the cone's half angle */
    float intensity;          /* exposure included */
    float reach;              /* where its light no longer counts, metres */
    bcue_rgb colour;
    float size_m; /* of the lit lens, for its glow */
} bcue_lamp_light;

typedef enum bcue_lamp_column {
    BCUE_LAMP_X,
    BCUE_LAMP_Y,
    BCUE_LAMP_Z,
    BCUE_LAMP_REACH2, /* squared */
    BCUE_LAMP_AXIS_X,
    BCUE_LAMP_AXIS_Y,
    BCUE_LAMP_AXIS_Z,
    BCUE_LAMP_COS,
    BCUE_LAMP_SIN,
    BCUE_LAMP_COLUMNS
} bcue_lamp_column;

/* Owned array that grows; order: street lamps, then head and tail lamps by vehicle. */
typedef struct bcue_lamp_list {
    bcue_lamp_light *lights;
    size_t count, capacity;
    float *columns; /* the same by column, so that neighbours lie side by side; owned */
    size_t column_capacity;
    const float *column[BCUE_LAMP_COLUMNS]; /* each of `count` values and BCUE_LAMP_PADDING more */
    bool failed;
    double least; /* light that still counts */
} bcue_lamp_list;

/* Replace the list by the lamps of `daylight` and, with headlights on, those of the placed vehicles. */
void bcue_lamp_list_fill(bcue_lamp_list *list, const bcue_daylight *daylight, const bcue_ray_scene *scene);
void bcue_lamp_list_free(bcue_lamp_list *list);

/* Add to each hit point the light of its strongest lamps, shadows included (points[i].lamps and
   points[i].lamp_glint). */
void bcue_lamps_light(const bcue_lamp_list *list, const bcue_ray_scene *scene, bcue_ray_target target,
                      bcue_shading_point points[BCUE_RAY_LANES], const bool hit[BCUE_RAY_LANES], int count);
/* Its strength towards a point, before surface and distance: 1 inside the cone, falling to 0 at its edge. */
float bcue_lamp_cone(const bcue_lamp_light *light, bcue_float3 to_point);

#endif
