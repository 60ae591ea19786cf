#include "scene/fcd_track.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* A lane is some 3 m wide. Whoever drives sideways with intent covers less than this in a second. */
#define JUMP_M 1.8
/* A vehicle that has turned this much is in a bend, not beside its lane. */
#define JUMP_TURN 0.35

/* A sideways jump at time_s, spread over half_s before and after. */
typedef struct lane_jump {
    double time_s, half_s;
    bcue_vec3 by;
} lane_jump;

static bcue_vec3 heading(double yaw)
{
    return bcue_vec3_make(cos(yaw), sin(yaw), 0.0);
}

size_t bcue_fcd_steps(double first_s, double last_s, double step_s, int64_t *first_step)
{
    double low = ceil(first_s / step_s - 1e-6), high = floor(last_s / step_s + 1e-6);
    *first_step = (int64_t)low;
    return high >= low ? (size_t)(high - low) + 1 : 0;
}

/* Did the vehicle jump sideways between two samples, with no road that would turn it? */
static bool find_jump(const bcue_fcd_sample *a, const bcue_fcd_sample *b, bcue_vec3 *by)
{
    double turned = remainder(b->yaw - a->yaw, 2.0 * BCUE_PI);
    if (fabs(turned) > JUMP_TURN || (a->edge != 0 && (a->edge != b->edge || a->lane == b->lane)))
        return false;
    bcue_vec3 moved = bcue_vec3_sub(b->front, a->front);
    double middle = a->yaw + 0.5 * turned;
    bcue_vec3 left = bcue_vec3_make(-sin(middle), cos(middle), 0.0);
    double sideways = bcue_vec3_dot(moved, left);
    if (fabs(sideways) < JUMP_M || fabs(sideways) > 8.0)
        return false;
    *by = bcue_vec3_scale(left, sideways);
    return true;
}

/* Take the jumps out of the samples; the jump list is the caller's. */
static size_t remove_jumps(bcue_fcd_sample *samples, size_t count, double lane_change_s, lane_jump *jumps)
{
    size_t jump_count = 0;
    bcue_vec3 removed = {0, 0, 0};
    bcue_fcd_sample before = samples[0];
    for (size_t i = 1; i < count; i++) {
        bcue_fcd_sample now = samples[i];
        bcue_vec3 by;
        if (find_jump(&before, &now, &by)) {
            double time_s = 0.5 * (before.time_s + now.time_s);
            double half_s = fmin(0.5 * lane_change_s,
                                 fmin(time_s - samples[0].time_s, samples[count - 1].time_s - time_s));
            jumps[jump_count++] = (lane_jump){time_s, half_s, by};
            removed = bcue_vec3_add(removed, by);
        }
        samples[i].front = bcue_vec3_sub(now.front, removed);
        before = now;
    }
    return jump_count;
}

/* Where the front is at a time, how fast it moves, and the heading. */
typedef struct front_state {
    bcue_vec3 place, velocity;
    double yaw, yaw_rate;
} front_state;

static double chord_speed(const bcue_fcd_sample *a, const bcue_fcd_sample *b)
{
    return bcue_vec3_norm(bcue_vec3_sub(b->front, a->front)) / (b->time_s - a->time_s);
}

/* Speed at sample i: the harmonic mean of those before and after, which keeps a cubic from overshooting
   (Fritsch and Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984). */
static double knot_speed(const bcue_fcd_sample *samples, size_t count, size_t i)
{
    double before = i > 0 ? chord_speed(&samples[i - 1], &samples[i]) : -1.0;
    double after = i + 1 < count ? chord_speed(&samples[i], &samples[i + 1]) : -1.0;
    if (before < 0.0 || after < 0.0)
        return fmax(before, after);
    return before + after > 0.0 ? 2.0 * before * after / (before + after) : 0.0;
}

/* The unit direction of travel at sample i: the heading, unless the vehicle moves elsewhere (backward, say).
 */
static bcue_vec3 knot_direction(const bcue_fcd_sample *samples, size_t count, size_t i)
{
    bcue_vec3 chord =
        bcue_vec3_sub(samples[i + 1 < count ? i + 1 : i].front, samples[i > 0 ? i - 1 : i].front);
    bcue_vec3 ahead = heading(samples[i].yaw), along = bcue_vec3_unit(chord);
    if (bcue_vec3_dot(ahead, along) < 0.7)
        return along;
    /* On a slope the heading climbs with the road. */
    return bcue_vec3_unit(bcue_vec3_make(ahead.x, ahead.y, along.z));
}

static front_state interpolate(const bcue_fcd_sample *samples, size_t count, size_t i, double time_s)
{
    const bcue_fcd_sample *a = &samples[i], *b = &samples[i + 1];
    double span = b->time_s - a->time_s, u = (time_s - a->time_s) / span;
    u = fmin(1.0, fmax(0.0, u));
    double v = 1.0 - u, turned = remainder(b->yaw - a->yaw, 2.0 * BCUE_PI);
    bcue_vec3 slope_a =
        bcue_vec3_scale(knot_direction(samples, count, i), span * knot_speed(samples, count, i));
    bcue_vec3 slope_b =
        bcue_vec3_scale(knot_direction(samples, count, i + 1), span * knot_speed(samples, count, i + 1));
    bcue_vec3 moved = bcue_vec3_sub(b->front, a->front);
    /* Cubic Hermite: a + moved (3u^2 - 2u^3) + slope_a u v^2 - slope_b u^2 v, and its derivative. */
    bcue_vec3 place = bcue_vec3_add(
        bcue_vec3_add(a->front, bcue_vec3_scale(moved, u * u * (3.0 - 2.0 * u))),
        bcue_vec3_sub(bcue_vec3_scale(slope_a, u * v * v), bcue_vec3_scale(slope_b, u * u * v)));
    bcue_vec3 rate = bcue_vec3_add(bcue_vec3_scale(moved, 6.0 * u * v),
                                   bcue_vec3_add(bcue_vec3_scale(slope_a, v * (1.0 - 3.0 * u)),
                                                 bcue_vec3_scale(slope_b, u * (3.0 * u - 2.0))));
    return (front_state){place, bcue_vec3_scale(rate, 1.0 / span), a->yaw + u * turned, turned / span};
}

/* Put the jumps back in, each as a smooth step, and turn the vehicle into the way it slides. */
static void add_slides(const lane_jump *jumps, size_t count, double time_s, front_state *front)
{
    for (size_t j = 0; j < count; j++) {
        double half = jumps[j].half_s,
               u = half > 0.0 ? (time_s - jumps[j].time_s + half) / (2.0 * half) : 0.0;
        if (half > 0.0 ? u <= 0.0 : time_s <= jumps[j].time_s)
            continue;
        if (half <= 0.0 || u >= 1.0) {
            front->place = bcue_vec3_add(front->place, jumps[j].by);
            continue;
        }
        double share = u * u * (3.0 - 2.0 * u), rate = 6.0 * u * (1.0 - u) / (2.0 * half);
        bcue_vec3 slide = bcue_vec3_scale(jumps[j].by, rate);
        bcue_vec3 left = bcue_vec3_make(-sin(front->yaw), cos(front->yaw), 0.0);
        double speed = fmax(bcue_vec3_norm(front->velocity), 3.0);
        front->yaw += atan2(bcue_vec3_dot(slide, left), speed);
        front->place = bcue_vec3_add(front->place, bcue_vec3_scale(jumps[j].by, share));
        front->velocity = bcue_vec3_add(front->velocity, slide);
    }
}

/* The origin of the model lies half its length behind the bumper, and swings round with it. */
static bcue_track_state origin_state(const front_state *front, double half_length_m)
{
    bcue_vec3 ahead = heading(front->yaw), left = bcue_vec3_make(-ahead.y, ahead.x, 0.0);
    double yaw = remainder(front->yaw, 2.0 * BCUE_PI);
    return (bcue_track_state){.position = bcue_vec3_sub(front->place, bcue_vec3_scale(ahead, half_length_m)),
                              .yaw = yaw,
                              .velocity_mps = bcue_vec3_sub(
                                  front->velocity, bcue_vec3_scale(left, half_length_m * front->yaw_rate)),
                              .lane = UINT32_MAX};
}

bool bcue_fcd_add_states(bcue_fcd_sample *samples, size_t count, const bcue_fcd_curve *curve,
                         bcue_traffic *traffic, size_t *jumps)
{
    lane_jump *list = bcue_calloc(count, sizeof *list);
    if (list == NULL)
        return false;
    size_t jump_count =
        curve->lane_change_s > 0.0 ? remove_jumps(samples, count, curve->lane_change_s, list) : 0;
    *jumps += jump_count;
    int64_t first_step;
    size_t steps = bcue_fcd_steps(samples[0].time_s, samples[count - 1].time_s, curve->step_s, &first_step);
    size_t i = 0;
    bool added = true;
    for (size_t k = 0; k < steps && added; k++) {
        double time_s = (double)(first_step + (int64_t)k) * curve->step_s;
        while (i + 2 < count && samples[i + 1].time_s <= time_s)
            i++;
        front_state front = interpolate(samples, count, i, time_s);
        add_slides(list, jump_count, time_s, &front);
        bcue_track_state state = origin_state(&front, curve->half_length_m);
        added = bcue_traffic_add_state(traffic, &state);
    }
    free(list);
    return added;
}
