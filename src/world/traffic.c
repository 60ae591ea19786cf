#include "world/traffic.h"

#include <stdlib.h>
#include "base/memory.h"

void bcue_traffic_free(bcue_traffic *traffic)
{
    free(traffic->tracks);
    free(traffic->states);
    *traffic = (bcue_traffic){0};
}

bool bcue_traffic_add_track(bcue_traffic *traffic, const bcue_track *track)
{
    if (!bcue_grow((void **)&traffic->tracks, &traffic->track_capacity, traffic->track_count + 1,
                   sizeof *traffic->tracks))
        return false;
    bcue_track *added = &traffic->tracks[traffic->track_count++];
    *added = *track;
    added->first_state = traffic->state_count;
    added->state_count = 0;
    return true;
}

bool bcue_traffic_add_state(bcue_traffic *traffic, const bcue_track_state *state)
{
    if (traffic->track_count == 0 || !bcue_grow((void **)&traffic->states, &traffic->state_capacity,
                                                traffic->state_count + 1, sizeof *traffic->states))
        return false;
    traffic->states[traffic->state_count++] = *state;
    traffic->tracks[traffic->track_count - 1].state_count++;
    return true;
}

static bcue_vec3 mix(bcue_vec3 a, bcue_vec3 b, double share)
{
    return bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), share));
}

bool bcue_track_at(const bcue_traffic *traffic, size_t index, double time_s, bcue_track_state *state)
{
    const bcue_track *track = &traffic->tracks[index];
    const bcue_track_state *states = traffic->states + track->first_state;
    double since = time_s - track->first_time_s;
    if (track->state_count == 0)
        return false;
    if (track->state_count == 1) {
        *state = states[0];
        state->position = bcue_vec3_add(states[0].position, bcue_vec3_scale(states[0].velocity_mps, since));
        return true;
    }
    /* Times that are meant to be a step must not fall before it by rounding. */
    double steps = since / traffic->step_s, last = (double)(track->state_count - 1), slack = 1e-6;
    if (!(steps >= -slack && steps <= last + slack))
        return false;
    steps = steps < 0.0 ? 0.0 : steps > last ? last : steps;
    size_t k = (size_t)steps;
    if (k + 1 >= track->state_count)
        k = track->state_count - 2;
    const bcue_track_state *a = &states[k], *b = &states[k + 1];
    double share = steps - (double)k;
    *state = *a;
    state->position = mix(a->position, b->position, share);
    state->velocity_mps = mix(a->velocity_mps, b->velocity_mps, share);
    state->yaw = a->yaw + share * remainder(b->yaw - a->yaw, 2.0 * BCUE_PI);
    return true;
}

size_t bcue_traffic_capacity(const bcue_world *world, const bcue_traffic *traffic)
{
    return world->parked_count + traffic->track_count;
}

void bcue_traffic_at(const bcue_world *world, const bcue_traffic *traffic, double time_s,
                     bcue_instance *instances, size_t *count, uint32_t *ids)
{
    size_t n = 0;
    for (size_t i = 0; i < traffic->track_count; i++) {
        bcue_track_state state;
        if (!bcue_track_at(traffic, i, time_s, &state))
            continue;
        const bcue_track *track = &traffic->tracks[i];
        instances[n] = (bcue_instance){.model = track->model,
                                       .position = state.position,
                                       .yaw = state.yaw,
                                       .velocity_mps = state.velocity_mps,
                                       .paint = {track->paint[0], track->paint[1], track->paint[2]}};
        if (ids)
            ids[n] = (uint32_t)i;
        n++;
    }
    for (size_t i = 0; i < world->parked_count; i++) {
        const bcue_parked *parked = &world->parked[i];
        instances[n] = (bcue_instance){.model = parked->model,
                                       .position = parked->position,
                                       .yaw = parked->yaw,
                                       .parked = true,
                                       .paint = {parked->paint[0], parked->paint[1], parked->paint[2]}};
        if (ids)
            ids[n] = BCUE_NO_TRACK;
        n++;
    }
    *count = n;
}

bcue_vec3 bcue_instance_antenna(const bcue_world *world, const bcue_instance *instance)
{
    bcue_frame frame = bcue_frame_make(instance->position, instance->yaw, 0.0);
    return bcue_vec3_add(frame.origin, bcue_frame_world(&frame, world->models[instance->model].antenna));
}

bool bcue_instances_overlap(const bcue_world *world, const bcue_instance *a, const bcue_instance *b)
{
    const bcue_vehicle_model *models[2] = {&world->models[a->model], &world->models[b->model]};
    double dx = b->position.x - a->position.x, dy = b->position.y - a->position.y;
    double c = fabs(cos(a->yaw - b->yaw)), s = fabs(sin(a->yaw - b->yaw));
    const double yaws[2] = {a->yaw, b->yaw};
    for (int i = 0; i < 2; i++) { /* the axes of either box */
        const bcue_vehicle_model *own = models[i], *other = models[1 - i];
        double along = fabs(dx * cos(yaws[i]) + dy * sin(yaws[i]));
        double across = fabs(dy * cos(yaws[i]) - dx * sin(yaws[i]));
        if (along >= 0.5 * (own->length_m + other->length_m * c + other->width_m * s) ||
            across >= 0.5 * (own->width_m + other->length_m * s + other->width_m * c))
            return false;
    }
    return true;
}

void bcue_draw_paint(float paint[3], bcue_rng *rng)
{
    static const float paints[][3] = {{0.70f, 0.70f, 0.70f}, {0.02f, 0.02f, 0.025f}, {0.22f, 0.23f, 0.25f},
                                      {0.42f, 0.43f, 0.45f}, {0.45f, 0.02f, 0.02f},  {0.02f, 0.08f, 0.35f},
                                      {0.03f, 0.18f, 0.08f}, {0.60f, 0.42f, 0.05f},  {0.10f, 0.30f, 0.45f},
                                      {0.30f, 0.12f, 0.05f}, {0.65f, 0.60f, 0.48f}};
    const float *chosen = paints[bcue_rng_below(rng, sizeof paints / sizeof paints[0])];
    for (int c = 0; c < 3; c++)
        paint[c] = chosen[c] * (float)bcue_rng_range(rng, 0.85, 1.15);
}
