#include "fuzz.h"
#include <math.h>
#include "scene/fcd_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bcue_world world;
    bcue_error error = {{0}};
    if (world.model_count == 0)
        fuzz_require(bcue_world_make_plain(100.0, BCUE_MATERIAL_ASPHALT, &world, &error) == BCUE_OK,
                     "no world", &error);
    bcue_traffic traffic;
    bcue_fcd_report report;
    bcue_fcd_options options = {.step_s = 0.25, .from_first = true};
    bcue_status status = bcue_fcd_decode(data, size, FUZZ_NAME, &options, &world, &traffic, &report, &error);
    if (status != BCUE_OK) {
        if (status != BCUE_ERROR_DATA)
            fuzz_check_refusal(status, &error);
        fuzz_require(traffic.tracks == NULL && traffic.states == NULL, "a refused trace has tracks", &error);
        return 0;
    }
    size_t states = 0;
    for (size_t t = 0; t < traffic.track_count; t++) {
        fuzz_require(traffic.tracks[t].first_state == states, "states of tracks are out of order", &error);
        fuzz_require(traffic.tracks[t].model < world.model_count, "a model that is none", &error);
        states += traffic.tracks[t].state_count;
    }
    fuzz_require(states == traffic.state_count, "states without a track", &error);
    for (size_t s = 0; s < traffic.state_count; s++)
        fuzz_require(isfinite(traffic.states[s].position.x) && isfinite(traffic.states[s].position.y) &&
                         isfinite(traffic.states[s].velocity_mps.x) && isfinite(traffic.states[s].yaw),
                     "a place that is no number", &error);
    bcue_traffic_free(&traffic);
    return 0;
}
