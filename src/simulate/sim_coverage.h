/* What vehicles would receive everywhere on the street of a configuration. */
#ifndef BCUE_SIMULATE_SIM_COVERAGE_H
#define BCUE_SIMULATE_SIM_COVERAGE_H

#include "beamcue/hooks.h"
#include "channel/coverage.h"
#include "simulate/sim_radio.h"
#include "simulate/sim_scene.h"

/* A roadside unit: where its array is, which way it faces (radians, counter-clockwise from east), and the
   beam that it radiates while another unit serves. */
typedef struct bcue_sim_unit {
    bcue_vec3 place;
    double azimuth;
    size_t beam;
} bcue_sim_unit;

typedef struct bcue_sim_coverage {
    bcue_sim_scene scene;
    bcue_sim_radio radio; /* its unit is that of the configuration: unit 0 */
    bcue_coverage_grid grid;
    bcue_coverage map;
    bcue_sim_unit *units; /* owned */
    size_t unit_count;
    size_t inside; /* points in solid objects, where nothing is looked for */
} bcue_sim_coverage;

typedef struct bcue_sim_coverage_request {
    bcue_bounds area; /* all zero: the scene's bounds, or the straight street from the RSU to the houses */
    double step_m, height_m;
    size_t beam;                /* of unit 0 */
    const bcue_sim_unit *units; /* more of them, with the array of unit 0 */
    size_t unit_count;
} bcue_sim_coverage_request;

/* The street without moving vehicles, in clear air. Points are shared out over threads. Errors name what is
   wrong with area, step and beams. Destroy it also after a failure. */
bcue_status bcue_sim_coverage_make(const bcue_simulate_config *config,
                                   const bcue_sim_coverage_request *request, const bcue_hooks *hooks,
                                   bcue_sim_coverage *coverage, bcue_error *error);
void bcue_sim_coverage_destroy(bcue_sim_coverage *coverage);

#endif
