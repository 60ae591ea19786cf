#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "scene/fcd_import.h"

/* A track and the steps of the traffic at which it begins and ends. */
typedef struct track_span {
    int64_t begin, end;
    uint32_t track;
} track_span;

typedef struct placed_vehicle {
    bcue_instance instance;
    uint32_t track;
} placed_vehicle;

typedef struct first_overlap {
    uint32_t a, b;
    double time_s;
    size_t count;
} first_overlap;

static int by_begin(const void *a, const void *b)
{
    const track_span *p = a, *q = b;
    return p->begin < q->begin ? -1 : p->begin > q->begin ? 1 : p->track < q->track ? -1 : 1;
}

static int west_to_east(const void *a, const void *b)
{
    const placed_vehicle *p = a, *q = b;
    double x = p->instance.position.x, y = q->instance.position.x;
    return x < y ? -1 : x > y ? 1 : p->track < q->track ? -1 : 1;
}

static void compare_neighbours(const bcue_world *world, const placed_vehicle *vehicles, size_t count,
                               double reach_m, double time_s, first_overlap *found)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++) {
            const bcue_instance *a = &vehicles[i].instance, *b = &vehicles[j].instance;
            if (b->position.x - a->position.x > reach_m)
                break;
            if (fabs(b->position.y - a->position.y) > reach_m || !bcue_instances_overlap(world, a, b))
                continue;
            if (found->count++ == 0) {
                found->a = vehicles[i].track;
                found->b = vehicles[j].track;
                found->time_s = time_s;
            }
        }
}

/* Step by step, with the tracks that are there at each. `present` and `vehicles` have a place per track. */
static void sweep(const bcue_world *world, const bcue_traffic *traffic, const track_span *spans,
                  uint32_t *present, placed_vehicle *vehicles, first_overlap *found)
{
    double reach_m = 0.0; /* two boxes farther apart than this cannot touch */
    for (size_t m = 0; m < world->model_count; m++)
        reach_m = fmax(reach_m, hypot(world->models[m].length_m, world->models[m].width_m));
    size_t next = 0, there = 0;
    for (int64_t step = 0; next < traffic->track_count || there > 0; step++) {
        if (there == 0)
            step = spans[next].begin;
        for (; next < traffic->track_count && spans[next].begin <= step; next++)
            present[there++] = (uint32_t)next;
        size_t kept = 0;
        for (size_t i = 0; i < there; i++) {
            const track_span *span = &spans[present[i]];
            if (span->end < step)
                continue;
            const bcue_track *track = &traffic->tracks[span->track];
            const bcue_track_state *state =
                &traffic->states[track->first_state + (size_t)(step - span->begin)];
            vehicles[kept] = (placed_vehicle){
                {.model = track->model, .position = state->position, .yaw = state->yaw}, span->track};
            present[kept++] = present[i];
        }
        there = kept;
        qsort(vehicles, there, sizeof *vehicles, west_to_east);
        compare_neighbours(world, vehicles, there, reach_m, (double)step * traffic->step_s, found);
    }
}

bcue_status bcue_count_overlaps(const bcue_world *world, const bcue_traffic *traffic, size_t *overlaps,
                                uint32_t *first, uint32_t *second, double *time_s, bcue_error *error)
{
    track_span *spans = bcue_calloc(traffic->track_count, sizeof *spans);
    uint32_t *present = bcue_calloc(traffic->track_count, sizeof *present);
    placed_vehicle *vehicles = bcue_calloc(traffic->track_count, sizeof *vehicles);
    first_overlap found = {.a = UINT32_MAX, .b = UINT32_MAX};
    bool room = spans != NULL && present != NULL && vehicles != NULL;
    for (size_t t = 0; room && t < traffic->track_count; t++) {
        int64_t begin = llround(traffic->tracks[t].first_time_s / traffic->step_s);
        spans[t] = (track_span){begin, begin + (int64_t)traffic->tracks[t].state_count - 1, (uint32_t)t};
    }
    if (room) {
        qsort(spans, traffic->track_count, sizeof *spans, by_begin);
        sweep(world, traffic, spans, present, vehicles, &found);
    }
    free(spans);
    free(present);
    free(vehicles);
    *overlaps = found.count;
    *first = found.a;
    *second = found.b;
    *time_s = found.time_s;
    return room ? BCUE_OK : bcue_fail_memory(error, "comparing vehicles");
}
