#include "fuzz.h"
#include <math.h>
#include "scene/osm_import.h"

/* The document, and the world that is built of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_osm_document document;
    bcue_error error = {{0}};
    bcue_status status = bcue_osm_decode(data, size, FUZZ_NAME, &document, &error);
    if (status != BCUE_OK) {
        if (status != BCUE_ERROR_DATA)
            fuzz_check_refusal(status, &error);
        fuzz_require(document.nodes == NULL && document.refs == NULL, "a refused extract has nodes", &error);
        return 0;
    }
    bcue_scene_builder builder;
    fuzz_require(bcue_scene_begin(&builder, NULL, &error) == BCUE_OK, "no world", &error);
    status = bcue_osm_add_document(&document, FUZZ_NAME, &builder, &error);
    bcue_osm_free(&document);
    if (status != BCUE_OK) {
        fuzz_require(status == BCUE_ERROR_DATA, bcue_status_name(status), &error);
        bcue_scene_abandon(&builder);
        return 0;
    }
    const bcue_world *world = &builder.world;
    for (size_t i = 0; i < world->statics.vertex_count; i++)
        fuzz_require(isfinite(world->statics.vertices[i].x) && isfinite(world->statics.vertices[i].z),
                     "a vertex that is no number", &error);
    for (size_t i = 0; i < world->statics.triangle_count; i++)
        for (int k = 0; k < 3; k++)
            fuzz_require(world->statics.triangles[i].vertex[k] < world->statics.vertex_count,
                         "a corner that is no vertex", &error);
    const bcue_roads *roads = &world->roads;
    for (size_t l = 0; l < roads->lane_count; l++)
        for (size_t s = 0; s < roads->lanes[l].successor_count; s++)
            fuzz_require(roads->successors[roads->lanes[l].first_successor + s] < roads->lane_count,
                         "a successor that is no lane", &error);
    bcue_scene_abandon(&builder);
    return 0;
}
