#include <math.h>
#include <stdlib.h>

#include "fuzz.h"
#include "features/radar_map.h"

/* Recordings of any kind through small maps: refused, or numbers from 0 to 1. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = BCUE_RADAR_TII; kind <= BCUE_RADAR_POINTS; kind++) {
        const bcue_radar_recipe recipe = {.enabled = true,
                                          .height = 16,
                                          .width = 12,
                                          .kind = kind,
                                          .dynamic_range_db = 60,
                                          .points_range_m = 100,
                                          .points_azimuth_deg = 75,
                                          .points_velocity_mps = 20,
                                          .points_clip = 5};
        float out[2 * 16 * 12];
        bcue_radar_maps *maps;
        bcue_error error = {{0}};
        if (bcue_radar_maps_create(&recipe, &maps, &error) != BCUE_OK)
            return 0;
        bcue_status status = bcue_radar_features_decode(maps, data, size, FUZZ_NAME, out, &error);
        bcue_radar_maps_destroy(maps);
        if (status == BCUE_ERROR_DATA) /* a good file of another shape */
            continue;
        if (status != BCUE_OK) {
            fuzz_check_refusal(status, &error);
            continue;
        }
        for (size_t i = 0; i < sizeof out / sizeof *out; i++)
            fuzz_require(out[i] >= 0 && out[i] <= 1, "a map leaves 0 to 1", &error);
    }
    return 0;
}
