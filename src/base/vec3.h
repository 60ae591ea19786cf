/* Points and directions in three dimensions, and coordinate frames. Metres unless a name says otherwise;
 * double throughout. */
#ifndef BCUE_BASE_VEC3_H
#define BCUE_BASE_VEC3_H

#include <math.h>

#define BCUE_PI 3.14159265358979323846

typedef struct bcue_vec3 {
    double x, y, z;
} bcue_vec3;

static inline bcue_vec3 bcue_vec3_make(double x, double y, double z)
{
    return (bcue_vec3){x, y, z};
}
static inline bcue_vec3 bcue_vec3_add(bcue_vec3 a, bcue_vec3 b)
{
    return (bcue_vec3){a.x + b.x, a.y + b.y, a.z + b.z};
}
static inline bcue_vec3 bcue_vec3_sub(bcue_vec3 a, bcue_vec3 b)
{
    return (bcue_vec3){a.x - b.x, a.y - b.y, a.z - b.z};
}
static inline bcue_vec3 bcue_vec3_scale(bcue_vec3 a, double factor)
{
    return (bcue_vec3){a.x * factor, a.y * factor, a.z * factor};
}
static inline double bcue_vec3_dot(bcue_vec3 a, bcue_vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline bcue_vec3 bcue_vec3_cross(bcue_vec3 a, bcue_vec3 b)
{
    return (bcue_vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
static inline double bcue_vec3_norm(bcue_vec3 a)
{
    return sqrt(bcue_vec3_dot(a, a));
}
/* The unit vector along `a`; the zero vector stays zero. */
static inline bcue_vec3 bcue_vec3_unit(bcue_vec3 a)
{
    double norm = bcue_vec3_norm(a);
    return norm > 0.0 ? bcue_vec3_scale(a, 1.0 / norm) : a;
}

/* A sensor or array in the world: where it is and its three orthonormal axes (x forward, y left, z up). */
typedef struct bcue_frame {
    bcue_vec3 origin, forward, left, up;
} bcue_frame;

/* Yaw is counter-clockwise seen from above, 0 = east; positive pitch looks up. Radians. */
static inline bcue_frame bcue_frame_make(bcue_vec3 origin, double yaw, double pitch)
{
    double cy = cos(yaw), sy = sin(yaw), cp = cos(pitch), sp = sin(pitch);
    return (bcue_frame){origin, {cy * cp, sy * cp, sp}, {-sy, cy, 0.0}, {-cy * sp, -sy * sp, cp}};
}
/* Components of a world direction along the axes of the frame. */
static inline bcue_vec3 bcue_frame_local(const bcue_frame *frame, bcue_vec3 direction)
{
    return (bcue_vec3){bcue_vec3_dot(direction, frame->forward), bcue_vec3_dot(direction, frame->left),
                       bcue_vec3_dot(direction, frame->up)};
}
/* The world direction with these components along the axes of the frame. */
static inline bcue_vec3 bcue_frame_world(const bcue_frame *frame, bcue_vec3 local)
{
    return bcue_vec3_add(
        bcue_vec3_scale(frame->forward, local.x),
        bcue_vec3_add(bcue_vec3_scale(frame->left, local.y), bcue_vec3_scale(frame->up, local.z)));
}

#endif
