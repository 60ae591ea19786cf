/* Traffic of the simulator SUMO: floating-car data ("sumo --fcd-output") become recorded tracks.

   The file is read once, as a stream. In memory are the samples of the vehicles in view and the tracks that
   come out. In SUMO's data x, y is the middle of the front bumper and the angle counts clockwise from north.
   A vehicle that changes lanes jumps sideways there, unless SUMO was told to take time for it; such jumps are
   spread over lane_change_s. Between the steps of the file positions follow a curve that never goes backward;
   after a gap of more than 60 s a vehicle begins anew. */
#ifndef BCUE_SCENE_FCD_IMPORT_H
#define BCUE_SCENE_FCD_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/hooks.h"
#include "beamcue/status.h"
#include "world/traffic.h"

typedef struct bcue_fcd_options {
    double step_s; /* of the tracks (one frame); 0 = 0.1 */
    /* Of the file's time; end_s 0: to its end. begin_s becomes time 0 of the traffic. */
    double begin_s, end_s;
    bool from_first;      /* the first step of the file becomes time 0, begin_s does not count */
    double lane_change_s; /* 0 = 3; negative: leave the jumps */
    bcue_vec3 shift_m;    /* added to x, y, z */
    bool geographic;      /* x, y are longitude and latitude (--fcd-output.geo), seen from this origin: */
    double latitude_deg, longitude_deg;
    /* Of the world: where the front bumper is inside, vehicles count; all zero: everywhere. */
    bcue_bounds bounds;
    /* "TYPE=MODEL": SUMO's vType and a vehicle of the world; others go by their name. */
    const char *const *types;
    size_t type_count;
    uint64_t seed;           /* of paint, and of the car among the passenger cars */
    size_t most_states;      /* 0 = 20 million; more are an error */
    const bcue_hooks *hooks; /* may be NULL */
} bcue_fcd_options;

typedef struct bcue_fcd_report {
    size_t steps;             /* of the file, in its window */
    size_t vehicles, persons; /* that became a track; one that leaves and comes back counts again */
    size_t skipped;           /* trains, ships, and persons or bicycles where the world has no model */
    size_t brief;             /* seen for less than a step of the tracks, so left out */
    size_t lane_jumps;        /* smoothed */
    size_t overlaps;          /* pairs of vehicles, times steps, whose boxes overlap */
    double first_s, last_s;   /* of the file's time */
} bcue_fcd_report;

/* Read into a traffic of its own; its target is track 0. `world` gives the vehicle models. `report` and
   `options` may be NULL. Errors name file and line: BCUE_ERROR_FORMAT (also time that does not advance, a
   vehicle twice in one step), BCUE_ERROR_DATA (no vehicle, more than most_states, an unknown model),
   BCUE_ERROR_IO, BCUE_ERROR_MEMORY, BCUE_ERROR_CANCELLED. On success the caller frees. */
bcue_status bcue_fcd_read(const char *path, const bcue_fcd_options *options, const bcue_world *world,
                          bcue_traffic *traffic, bcue_fcd_report *report, bcue_error *error);
/* The same from memory. */
bcue_status bcue_fcd_decode(const void *data, size_t size, const char *name, const bcue_fcd_options *options,
                            const bcue_world *world, bcue_traffic *traffic, bcue_fcd_report *report,
                            bcue_error *error);

/* Pairs of tracks whose boxes overlap, summed over the steps of the traffic. *first and *second (UINT32_MAX:
   none) are the first pair, at *time_s. BCUE_ERROR_MEMORY. */
bcue_status bcue_count_overlaps(const bcue_world *world, const bcue_traffic *traffic, size_t *overlaps,
                                uint32_t *first, uint32_t *second, double *time_s, bcue_error *error);

#endif
