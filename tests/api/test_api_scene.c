/* The public call for scenes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beamcue/scene.h"
#include "check.h"

static const char *data_path(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/tests/scene/data/%s", BCUE_SOURCE_DIR, name);
    return path;
}

static void test_convert(void)
{
    char map[64] = "/tmp/bcue-map-XXXXXX", output[64] = "/tmp/bcue-glb-XXXXXX", glb[80];
    CHECK(mkstemp(map) >= 0 && mkdtemp(output) != NULL);
    FILE *stream = fopen(map, "w");
    CHECK(stream != NULL && fputs("fallback: metal\n", stream) >= 0 && fclose(stream) == 0);
    snprintf(glb, sizeof glb, "%s/tower.glb", output);
    bcue_scene_options options = {
        .materials = map, .traffic = data_path("crossing_slide.xml"), .traffic_step_s = 0.5};
    bcue_scene_summary summary;
    bcue_error error = {{0}};
    CHECK_OK(bcue_scene_convert(data_path("tower.gltf"), &options, glb, NULL, &summary, &error), error);
    CHECK(summary.triangles == 12 && summary.objects == 2 && summary.materials == 2 && summary.lanes == 0);
    CHECK_NEAR(summary.low_m[0], 13.0, 1e-5);
    CHECK_NEAR(summary.high_m[2], 3.0, 1e-5);
    CHECK(summary.vehicles == 20 && summary.traffic_s > 29.0 && summary.gltf_bytes > 1000);
    /* What was written is a scene again, vehicles at their first places among it. */
    bcue_scene_summary again;
    CHECK_OK(bcue_scene_convert(glb, &options, NULL, NULL, &again, &error), error);
    CHECK(again.triangles > 12 + 20 * 100);
    CHECK_STATUS(bcue_scene_convert(data_path("absent.osm"), NULL, NULL, NULL, NULL, &error), BCUE_ERROR_IO);
    CHECK_STATUS(bcue_scene_convert(data_path("tower.gltf"), &options, "tower.txt", NULL, NULL, &error),
                 BCUE_ERROR_ARGUMENT);
    remove(glb);
    remove(output);
    remove(map);
}

int main(void)
{
    RUN(test_convert);
    return check_summary();
}
