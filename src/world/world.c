#include "world/world.h"

#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"

uint32_t bcue_world_add_object(bcue_world *world, bcue_object object)
{
    if (world->statics.failed || world->object_count >= UINT32_MAX ||
        !bcue_grow((void **)&world->objects, &world->object_capacity, world->object_count + 1,
                   sizeof *world->objects)) {
        world->statics.failed = true;
        return 0;
    }
    world->objects[world->object_count] = object;
    return (uint32_t)world->object_count++;
}

bcue_material_id bcue_world_add_material(bcue_world *world, const bcue_material *material)
{
    if (world->statics.failed || world->material_count >= UINT32_MAX ||
        !bcue_grow((void **)&world->materials, &world->material_capacity, world->material_count + 1,
                   sizeof *world->materials)) {
        world->statics.failed = true;
        return 0;
    }
    world->materials[world->material_count] = *material;
    return (bcue_material_id)world->material_count++;
}

uint32_t bcue_world_add_model(bcue_world *world, bcue_vehicle_model *model)
{
    if (world->statics.failed || world->model_count >= UINT32_MAX ||
        !bcue_grow((void **)&world->models, &world->model_capacity, world->model_count + 1,
                   sizeof *world->models)) {
        bcue_vehicle_model_free(model);
        world->statics.failed = true;
        return 0;
    }
    world->models[world->model_count] = *model;
    *model = (bcue_vehicle_model){0};
    return (uint32_t)world->model_count++;
}

void bcue_world_add_wall(bcue_world *world, bcue_vec3 corner, bcue_vec3 edge_u, bcue_vec3 edge_v,
                         bcue_material_id material, uint32_t object)
{
    bcue_vec3 far_corner = bcue_vec3_add(bcue_vec3_add(corner, edge_u), edge_v);
    const bcue_vec3 corners[4] = {corner, bcue_vec3_add(corner, edge_u), far_corner,
                                  bcue_vec3_add(corner, edge_v)};
    bcue_mesh_add_quad(&world->statics, corners, material, object);
}

void bcue_world_add_parked(bcue_world *world, const bcue_parked *parked)
{
    if (!bcue_grow((void **)&world->parked, &world->parked_capacity, world->parked_count + 1,
                   sizeof *world->parked))
        world->statics.failed = true;
    else
        world->parked[world->parked_count++] = *parked;
}

void bcue_world_add_lamp(bcue_world *world, const bcue_lamp *lamp)
{
    if (!bcue_grow((void **)&world->lamps, &world->lamp_capacity, world->lamp_count + 1,
                   sizeof *world->lamps))
        world->statics.failed = true;
    else
        world->lamps[world->lamp_count++] = *lamp;
}

void bcue_world_add_canopy(bcue_world *world, const bcue_canopy *canopy)
{
    if (!bcue_grow((void **)&world->canopies, &world->canopy_capacity, world->canopy_count + 1,
                   sizeof *world->canopies))
        world->statics.failed = true;
    else
        world->canopies[world->canopy_count++] = *canopy;
}

bool bcue_bounds_contain(const bcue_bounds *bounds, double x, double y)
{
    if (bounds->x_low == bounds->x_high && bounds->y_low == bounds->y_high)
        return true;
    return x >= bounds->x_low && x <= bounds->x_high && y >= bounds->y_low && y <= bounds->y_high;
}

const bcue_material *bcue_world_material(const bcue_world *world, bcue_material_id id)
{
    return id < world->material_count ? &world->materials[id] : bcue_material_get(0);
}

bcue_material_id bcue_world_find_material(const bcue_world *world, const char *name)
{
    for (size_t i = 0; i < world->material_count; i++)
        if (strcmp(world->materials[i].name, name) == 0)
            return (bcue_material_id)i;
    return UINT32_MAX;
}

bcue_status bcue_world_init(bcue_world *world, bcue_error *error)
{
    bcue_world made = {0};
    bcue_status status = BCUE_OK;
    for (bcue_material_id m = 0; m < BCUE_MATERIAL_COUNT; m++)
        bcue_world_add_material(&made, bcue_material_get(m));
    for (int c = 0; status == BCUE_OK && c < BCUE_VEHICLE_CLASS_COUNT; c++) {
        bcue_vehicle_model model;
        status = bcue_vehicle_model_make((bcue_vehicle_class)c, &model, error);
        if (status == BCUE_OK)
            bcue_world_add_model(&made, &model);
    }
    if (status == BCUE_OK && made.statics.failed)
        status = bcue_fail_memory(error, "the materials and vehicles of a world");
    if (status != BCUE_OK) {
        bcue_world_free(&made);
        return status;
    }
    *world = made;
    return BCUE_OK;
}

/* Solid triangles first, otherwise in order. */
static bool sort_decorations(bcue_world *world)
{
    bcue_mesh *mesh = &world->statics;
    bcue_triangle *later = bcue_calloc(mesh->triangle_count, sizeof *later);
    if (!later)
        return false;
    size_t solid = 0, decorations = 0;
    for (size_t i = 0; i < mesh->triangle_count; i++) {
        const bcue_triangle triangle = mesh->triangles[i];
        if (world->objects[triangle.object].decoration)
            later[decorations++] = triangle;
        else
            mesh->triangles[solid++] = triangle;
    }
    if (decorations > 0)
        memcpy(mesh->triangles + solid, later, decorations * sizeof *later);
    world->solid_count = solid;
    free(later);
    return true;
}

static bcue_status make_radio_shapes(bcue_world *world, bcue_error *error)
{
    bcue_radio_shape_free(&world->radio);
    BCUE_TRY(bcue_radio_shape_make(&world->statics, world->solid_count, BCUE_WEDGE_MIN_TURN, &world->radio,
                                   error));
    for (size_t m = 0; m < world->model_count; m++) {
        bcue_vehicle_model *model = &world->models[m];
        if (model->radio.surface_count > 0)
            continue;
        BCUE_TRY(bcue_radio_shape_make(&model->radio_mesh, model->radio_mesh.triangle_count,
                                       BCUE_WEDGE_MIN_TURN, &model->radio, error));
    }
    return BCUE_OK;
}

bcue_status bcue_world_finish(bcue_world *world, const char *what, bcue_error *error)
{
    if (world->statics.failed || world->roads.failed || !sort_decorations(world)) {
        bcue_world_free(world);
        return bcue_fail_memory(error, what);
    }
    bcue_status status = make_radio_shapes(world, error);
    if (status != BCUE_OK) {
        bcue_world_free(world);
        return bcue_fail_context(error, status, "%s", what);
    }
    return BCUE_OK;
}

void bcue_world_free(bcue_world *world)
{
    bcue_mesh_free(&world->statics);
    free(world->objects);
    free(world->materials);
    bcue_radio_shape_free(&world->radio);
    for (size_t m = 0; m < world->model_count; m++)
        bcue_vehicle_model_free(&world->models[m]);
    free(world->models);
    bcue_roads_free(&world->roads);
    bcue_markings_free(&world->markings);
    free(world->parked);
    free(world->lamps);
    free(world->canopies);
    *world = (bcue_world){0};
}
