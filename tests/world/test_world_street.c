/* The street, the vehicles and their traffic. */
#include "check.h"
#include "world/traffic.h"

static const bcue_street_config street = {140, 3.5, 12, 3, 1.5, 8, 20, 11};
static const bcue_traffic_config rush = {30, 4, 12, 3, {13.75, 17.25}, {3, 4, 3, 1, 1, 1, 1}};

static double signed_volume(const bcue_mesh *mesh)
{
    double volume = 0.0;
    for (size_t i = 0; i < mesh->triangle_count; i++) {
        const uint32_t *v = mesh->triangles[i].vertex;
        volume +=
            bcue_vec3_dot(mesh->vertices[v[0]], bcue_vec3_cross(mesh->vertices[v[1]], mesh->vertices[v[2]])) /
            6.0;
    }
    return volume;
}

static void shapes_face_outward(void)
{
    bcue_mesh mesh = {0};
    bcue_mesh_add_box(&mesh, bcue_vec3_make(1, 2, 3), bcue_vec3_make(2, 4, 6), BCUE_MATERIAL_PAINT, 0);
    CHECK_NEAR(signed_volume(&mesh), 6.0, 1e-12);
    bcue_mesh_free(&mesh);
    bcue_mesh_add_cylinder(&mesh, bcue_vec3_make(5, 1, 2), bcue_vec3_make(0, -3, 0), 2.0, 200,
                           BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT, 0);
    CHECK_NEAR(signed_volume(&mesh), 12.0 * BCUE_PI, 0.01);
    bcue_mesh_free(&mesh);
    bcue_mesh_add_ellipsoid(&mesh, bcue_vec3_make(5, 1, 2), bcue_vec3_make(1, 2, 3), BCUE_MATERIAL_PAINT, 0);
    CHECK(signed_volume(&mesh) > 0.8 * 8.0 * BCUE_PI && signed_volume(&mesh) < 8.0 * BCUE_PI);
    bcue_mesh_free(&mesh);
}

/* Closed, of 60 to 300 flat faces, within the box, and clear of the antenna. */
static void check_radio_mesh(const bcue_vehicle_model *model)
{
    bcue_error error = {0};
    bcue_radio_shape shape;
    const bcue_mesh *mesh = &model->radio_mesh;
    double volume = signed_volume(mesh), box = model->length_m * model->width_m * model->height_m;
    CHECK_AT(volume > 0.05 * box && volume < box, "%s: %g m3 of %g", model->name, volume, box);
    CHECK_OK(bcue_radio_shape_make(mesh, mesh->triangle_count, BCUE_WEDGE_MIN_TURN, &shape, &error), error);
    CHECK_AT(shape.surface_count >= 60 && shape.surface_count <= 300, "%s: %zu flat faces", model->name,
             shape.surface_count);
    for (size_t i = 0; i < shape.surface_count; i++)
        CHECK(!shape.surfaces[i].two_sided);
    for (size_t i = 0; i < shape.wedge_count; i++)
        CHECK(shape.wedges[i].surface[1] != BCUE_NO_SURFACE);
    CHECK_INT(shape.dropped, 0);
    CHECK(shape.high.x <= 0.5 * model->length_m + 1e-9 && shape.low.x >= -0.5 * model->length_m - 1e-9);
    CHECK(shape.high.y <= 0.5 * model->width_m + 1e-9 && shape.low.y >= -0.5 * model->width_m - 1e-9);
    CHECK(shape.high.z <= model->height_m + 1e-9 && shape.low.z >= 0.0);
    /* No face has the antenna behind it within the body: beyond at least one face of every closed part. */
    bool outside = false;
    for (size_t i = 0; i < shape.surface_count; i++)
        outside = outside ||
                  bcue_vec3_dot(shape.surfaces[i].normal, model->antenna) > shape.surfaces[i].offset + 0.02;
    CHECK_AT(outside, "%s: the antenna is in the body", model->name);
    bcue_radio_shape_free(&shape);
}

static void models_fit_their_boxes(void)
{
    for (int c = 0; c < BCUE_VEHICLE_CLASS_COUNT; c++) {
        bcue_error error = {0};
        bcue_vehicle_model model;
        CHECK_OK(bcue_vehicle_model_make((bcue_vehicle_class)c, &model, &error), error);
        CHECK(signed_volume(&model.mesh) > 0.0);
        double top = 0.0;
        for (size_t i = 0; i < model.mesh.vertex_count; i++) {
            bcue_vec3 v = model.mesh.vertices[i];
            /* Mirrors and bumpers may stand out a little. */
            CHECK(fabs(v.x) <= 0.5 * model.length_m + 0.1 && fabs(v.y) <= 0.5 * model.width_m + 0.13);
            CHECK(v.z >= -1e-9 && v.z <= model.height_m + 1e-9);
            top = fmax(top, v.z);
        }
        CHECK_NEAR(top, model.height_m, 0.05);
        check_radio_mesh(&model);
        bcue_vehicle_model_free(&model);
    }
}

static void built_ins_come_first(void)
{
    bcue_error error = {0};
    bcue_world world;
    CHECK_OK(bcue_world_init(&world, &error), error);
    CHECK_INT(world.material_count, BCUE_MATERIAL_COUNT);
    CHECK_STR(bcue_world_material(&world, BCUE_MATERIAL_GLASS)->name, "glass");
    CHECK_INT(world.model_count, BCUE_VEHICLE_CLASS_COUNT);
    for (uint32_t m = 0; m < world.model_count; m++)
        CHECK(world.models[m].vehicle_class == (bcue_vehicle_class)m &&
              world.models[m].radio_mesh.triangle_count > 0);
    bcue_material own = {.name = "slate", .albedo = {0.1f, 0.1f, 0.12f}};
    bcue_material_id slate = bcue_world_add_material(&world, &own);
    CHECK_INT(slate, BCUE_MATERIAL_COUNT);
    CHECK_INT(bcue_world_find_material(&world, "slate"), slate);
    CHECK_INT(bcue_world_find_material(&world, "granite"), UINT32_MAX);
    CHECK(bcue_world_material(&world, 1000) != NULL);
    /* Decorations end up behind everything solid, in their order. */
    uint32_t trim =
        bcue_world_add_object(&world, (bcue_object){.kind = BCUE_OBJECT_OTHER, .decoration = true});
    uint32_t house = bcue_world_add_object(&world, (bcue_object){.kind = BCUE_OBJECT_BUILDING});
    bcue_mesh_add_box(&world.statics, bcue_vec3_make(0, 0, 5), bcue_vec3_make(1, 1, 6), slate, trim);
    bcue_mesh_add_box(&world.statics, bcue_vec3_make(0, 0, 0), bcue_vec3_make(1, 1, 5), slate, house);
    CHECK_OK(bcue_world_finish(&world, "the test", &error), error);
    CHECK_INT(world.solid_count, 12);
    CHECK_INT(world.statics.triangle_count, 24);
    for (size_t i = 0; i < 24; i++)
        CHECK_INT(world.statics.triangles[i].object, i < 12 ? house : trim);
    bcue_world_free(&world);
}

static void surfaces_are_upright_walls_and_ground(void)
{
    bcue_error error = {0};
    bcue_world world;
    CHECK_OK(bcue_world_make_street(&street, 3, &world, &error), error);
    size_t grounds = 0, walls = 0;
    for (size_t i = 0; i < world.radio.surface_count; i++) {
        const bcue_surface *f = &world.radio.surfaces[i];
        CHECK_NEAR(bcue_vec3_norm(f->normal), 1.0, 1e-12);
        CHECK(f->object < world.object_count);
        if (world.objects[f->object].kind == BCUE_OBJECT_GROUND)
            grounds += f->normal.z > 0.999;
        if (world.objects[f->object].kind == BCUE_OBJECT_BUILDING)
            walls += fabs(f->normal.z) < 1e-9;
    }
    CHECK_INT(grounds, 6);
    CHECK(walls > 20);
    bcue_world again;
    CHECK_OK(bcue_world_make_street(&street, 3, &again, &error), error);
    CHECK_INT(again.statics.vertex_count, world.statics.vertex_count);
    CHECK(memcmp(again.statics.vertices, world.statics.vertices,
                 world.statics.vertex_count * sizeof(bcue_vec3)) == 0);
    bcue_world_free(&again);
    CHECK_OK(bcue_world_make_street(&street, 4, &again, &error), error);
    CHECK(again.statics.vertex_count != world.statics.vertex_count ||
          memcmp(again.statics.vertices, world.statics.vertices,
                 world.statics.vertex_count * sizeof(bcue_vec3)) != 0);
    bcue_world_free(&again);
    bcue_world_free(&world);
}

static void nobody_overlaps(void)
{
    bcue_error error = {0};
    bcue_world world;
    CHECK_OK(bcue_world_make_street(&street, 1, &world, &error), error);
    bcue_instance placed[200];
    size_t most = 0;
    for (uint32_t episode = 0; episode < 60; episode++) {
        bcue_traffic traffic;
        CHECK_OK(bcue_traffic_make(&world, &rush, 9, episode, &traffic, &error), error);
        most = traffic.track_count > most ? traffic.track_count : most;
        for (int step = 0; step <= 20 && traffic.track_count <= 200; step++) {
            size_t count;
            bcue_traffic_at(&world, &traffic, traffic.duration_s * step / 20.0, placed, &count, NULL);
            CHECK_INT(count, traffic.track_count);
            for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < i; j++) {
                    if (traffic.states[i].lane != traffic.states[j].lane)
                        continue;
                    double gap = fabs(placed[i].position.x - placed[j].position.x) -
                                 0.5 * (world.models[placed[i].model].length_m +
                                        world.models[placed[j].model].length_m);
                    CHECK_AT(gap >= rush.min_gap_m - 1e-9, "episode %u step %d: %zu and %zu are %g m apart",
                             episode, step, i, j, gap);
                }
        }
        bcue_traffic_free(&traffic);
    }
    CHECK(most > 8 && most <= 200);
    bcue_world_free(&world);
}

/* The target crosses the field of view, with the traffic, in its lane's direction. */
static void target_passes(void)
{
    bcue_error error = {0};
    bcue_world world;
    CHECK_OK(bcue_world_make_street(&street, 1, &world, &error), error);
    int lanes[2] = {0, 0};
    for (uint32_t episode = 0; episode < 40; episode++) {
        bcue_traffic traffic;
        CHECK_OK(bcue_traffic_make(&world, &rush, 2, episode, &traffic, &error), error);
        bcue_track_state first, last;
        CHECK(bcue_track_at(&traffic, traffic.target, 0.0, &first) &&
              bcue_track_at(&traffic, traffic.target, traffic.duration_s, &last));
        double sign = first.lane == 0 ? 1.0 : -1.0, span = rush.half_span_m[first.lane];
        lanes[first.lane]++;
        CHECK_NEAR(first.position.x, -sign * span, 1e-9);
        CHECK_NEAR(last.position.x, sign * span, 1e-9);
        CHECK(sign * first.velocity_mps.x >= rush.min_speed_mps &&
              sign * first.velocity_mps.x <= rush.max_speed_mps);
        /* The model's nose points where it goes. */
        CHECK_NEAR(cos(first.yaw), sign, 1e-12);
        bcue_traffic_free(&traffic);
    }
    CHECK(lanes[0] > 5 && lanes[1] > 5);
    bcue_world_free(&world);
}

static void permittivity_follows_p2040(void)
{
    /* Concrete at 60 GHz: 5.24 - j sigma / (2 pi f eps0) with sigma = 0.0462 x 60^0.7822 = 1.1366 S/m. */
    double complex eta = bcue_material_permittivity(BCUE_MATERIAL_PAVING, 60e9);
    CHECK_NEAR(creal(eta), 5.24, 1e-12);
    CHECK_NEAR(cimag(eta), -17.98 * 0.0462 * pow(60.0, 0.7822) / 60.0, 5e-4);
    CHECK(cimag(bcue_material_permittivity(BCUE_MATERIAL_STEEL, 60e9)) < -1e6);
}

int main(void)
{
    RUN(shapes_face_outward);
    RUN(models_fit_their_boxes);
    RUN(built_ins_come_first);
    RUN(surfaces_are_upright_walls_and_ground);
    RUN(nobody_overlaps);
    RUN(target_passes);
    RUN(permittivity_follows_p2040);
    return check_summary();
}
