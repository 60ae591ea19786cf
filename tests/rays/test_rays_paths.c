/* Visibility and the image method against geometry by hand. */
#include "check.h"
#include "rays/paths.h"
#include "rays/ray_scene.h"

/* Ground z = 0 and one wall y = 30 facing south (x -20..20, z 0..10). */
static void make(bcue_world *world, bcue_radio_scene **scene)
{
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(500.0, BCUE_MATERIAL_ASPHALT, world, &error), error);
    uint32_t wall = bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_BUILDING});
    bcue_world_add_wall(world, bcue_vec3_make(-20, 30, 0), bcue_vec3_make(40, 0, 0), bcue_vec3_make(0, 0, 10),
                        BCUE_MATERIAL_FACADE, wall);
    CHECK_OK(bcue_world_finish(world, "the test scene", &error), error);
    CHECK_OK(bcue_radio_scene_create(world, scene, &error), error);
}

static void find(const bcue_radio_scene *scene, bcue_vec3 tx, bcue_vec3 rx, int reflections,
                 bcue_path_list *list)
{
    bcue_error error = {0};
    bcue_path_options options = {.max_reflections = reflections};
    CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, list, NULL, &error), error);
}

static void images_by_hand(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    make(&world, &scene);
    bcue_error error = {0};
    bcue_path_list list = {0};
    bcue_vec3 tx = {0, 20, 1.5}, rx = {0, 0, 5};
    find(scene, tx, rx, 1, &list);
    CHECK_INT(list.count, 3);
    if (list.count == 3) {
        const bcue_path *p = list.paths;
        CHECK_INT(p[0].count, 0);
        CHECK_NEAR(p[0].length_m, sqrt(400.0 + 3.5 * 3.5), 1e-12);
        CHECK_NEAR(p[0].arrival.y, 20.0 / p[0].length_m, 1e-12);
        /* Ground: 1.5 m and 5 m above it, so the point divides 20 m as 1.5 : 5. */
        CHECK_INT(p[1].at[0].material, BCUE_MATERIAL_ASPHALT);
        CHECK_NEAR(p[1].at[0].point.y, 20.0 - 20.0 * 1.5 / 6.5, 1e-12);
        CHECK_NEAR(p[1].at[0].point.z, 0.0, 1e-12);
        CHECK_NEAR(p[1].length_m, sqrt(400.0 + 6.5 * 6.5), 1e-12);
        CHECK_NEAR(p[1].departure.z, -6.5 / p[1].length_m, 1e-12);
        CHECK_NEAR(p[1].arrival.z, -6.5 / p[1].length_m, 1e-12);
        /* Wall: the image stands at y = 40. */
        CHECK_INT(p[2].at[0].material, BCUE_MATERIAL_FACADE);
        CHECK_NEAR(p[2].length_m, sqrt(1600.0 + 3.5 * 3.5), 1e-12);
        CHECK_NEAR(p[2].at[0].point.y, 30.0, 1e-12);
        CHECK_NEAR(p[2].at[0].point.z, 1.5 + 3.5 * 10.0 / 40.0, 1e-12);
        CHECK_NEAR(p[2].departure.y, 40.0 / p[2].length_m, 1e-12);
    }
    find(scene, tx, rx, 0, &list);
    CHECK_INT(list.count, 1);
    /* Too high up the wall: no reflection there. Behind it: off its back, since a sheet has two sides. */
    find(scene, bcue_vec3_make(0, 20, 60), bcue_vec3_make(0, 0, 60), 1, &list);
    CHECK_INT(list.count, 2);
    find(scene, bcue_vec3_make(0, 40, 2), bcue_vec3_make(0, 35, 2), 1, &list);
    CHECK_INT(list.count, 3);
    CHECK(list.count == 3 && list.paths[2].at[0].normal.y > 0.999);
    /* The wall hides what is behind it, and the bounce of the ground runs under it nowhere. */
    find(scene, bcue_vec3_make(0, 40, 2), rx, 1, &list);
    CHECK_INT(list.count, 0);
    bcue_path_options deep = {.max_reflections = -1};
    CHECK_STATUS(bcue_paths_find(scene, tx, &rx, 1, &deep, &list, NULL, &error), BCUE_ERROR_ARGUMENT);
    bcue_path_list_free(&list);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

static void vehicles_block(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    make(&world, &scene);
    bcue_error error = {0};
    bcue_vec3 tx = {0, 20, 1.5}, rx = {0, 0, 5};
    bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {0, 16, 0}};
    CHECK(bcue_radio_visible(scene, tx, rx));
    CHECK_OK(bcue_radio_scene_place(scene, &bus, 1, &error), error);
    CHECK(!bcue_radio_visible(scene, tx, rx));
    CHECK(!bcue_radio_visible(scene, rx, tx));
    bcue_path_list list = {0};
    find(scene, tx, rx, 1, &list);
    /* The wall sends the wave back over the bus: at y = 16 it is 1.5 + 3.5 x 24 / 40 = 3.6 m high, the
     * bus 3.15 m. */
    CHECK_INT(list.count, 1);
    CHECK(list.count == 1 && list.paths[0].at[0].material == BCUE_MATERIAL_FACADE);
    bus.position.x = 8.0; /* its nose is 5.75 m ahead of its middle */
    CHECK_OK(bcue_radio_scene_place(scene, &bus, 1, &error), error);
    CHECK(bcue_radio_visible(scene, tx, rx));
    bus.position.x = 5.0;
    bus.yaw = 0.5 * BCUE_PI; /* across the road: 2.55 m wide, 11.5 m deep */
    CHECK_OK(bcue_radio_scene_place(scene, &bus, 1, &error), error);
    CHECK(bcue_radio_visible(scene, tx, rx));
    CHECK(!bcue_radio_visible(scene, bcue_vec3_make(5, 22, 1.5), bcue_vec3_make(5, 0, 1.5)));
    CHECK_OK(bcue_radio_scene_place(scene, NULL, 0, &error), error);
    CHECK(bcue_radio_visible(scene, bcue_vec3_make(5, 22, 1.5), bcue_vec3_make(5, 0, 1.5)));
    bcue_path_list_free(&list);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

/* Embree splits packets of 16 where the instructions are narrower, and then looks at every lane. */
static void lanes_beyond_the_count_may_hold_anything(void)
{
    static const char *const isas[] = {NULL, "avx2", "sse4.2"};
    static const float garbage[] = {INFINITY, NAN, -INFINITY};
    bcue_world world;
    bcue_radio_scene *radio;
    bcue_error error = {0};
    make(&world, &radio);
    for (int n = 0; n < 9; n++) {
        bcue_ray_scene *scene;
        bcue_rays_pin_isa(isas[n / 3]);
        CHECK_OK(bcue_ray_scene_create(&world, &scene, &error), error);
        bcue_rays_pin_isa(NULL);
        const bcue_instance car = {.model = BCUE_VEHICLE_SEDAN, .position = {-10, 15, 0}};
        CHECK_OK(bcue_ray_scene_place(scene, &car, 1, &error), error);
        bcue_ray_packet packet = {.count = 2};
        for (int i = 0; i < BCUE_RAY_LANES; i++) {
            const float g = garbage[n % 3];
            bcue_ray_packet_set(&packet, i, bcue_vec3_make(g, g, g), bcue_vec3_make(g, g, g), g, g);
        }
        bcue_ray_packet_set(&packet, 0, bcue_vec3_make(0, 0, 5), bcue_vec3_make(-10, 15, -4.5), 0.0f, 100.0f);
        bcue_ray_packet_set(&packet, 1, bcue_vec3_make(0, 0, 5), bcue_vec3_make(0, 30, 35), 0.0f, 100.0f);
        bool blocked[BCUE_RAY_LANES];
        bcue_ray_occluded(scene, BCUE_RAY_ALL, &packet, blocked);
        CHECK(blocked[0] && !blocked[1]);
        bcue_ray_intersect(scene, BCUE_RAY_ALL, &packet);
        CHECK_INT(packet.hit_instance[0], 0);
        CHECK_INT(packet.hit_triangle[1], BCUE_RAY_MISS);
        bcue_ray_scene_destroy(scene);
    }
    bcue_radio_scene_destroy(radio);
    bcue_world_free(&world);
}

static void packets_name_what_they_hit(void)
{
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_radio_scene *radio;
    make(&world, &radio);
    bcue_error error = {0};
    CHECK_OK(bcue_ray_scene_create(&world, &scene, &error), error);
    const bcue_instance cars[2] = {{.model = BCUE_VEHICLE_SEDAN, .position = {-10, 15, 0}},
                                   {.model = BCUE_VEHICLE_TRUCK, .position = {10, 15, 0}}};
    CHECK_OK(bcue_ray_scene_place(scene, cars, 2, &error), error);
    bcue_ray_packet packet = {.count = 5};
    const double aim[5][3] = {{-10, 15, 0.5}, {10, 15, 2}, {0, 15, 0}, {0, 30, 5}, {0, 30, 40}};
    for (int i = 0; i < 5; i++) {
        packet.origin_z[i] = 5.0f;
        packet.direction_x[i] = (float)aim[i][0];
        packet.direction_y[i] = (float)aim[i][1];
        packet.direction_z[i] = (float)aim[i][2] - 5.0f;
        packet.far[i] = 100.0f;
    }
    bcue_ray_packet street_only = packet;
    bool blocked[BCUE_RAY_LANES];
    bcue_ray_occluded(scene, BCUE_RAY_ALL, &packet, blocked);
    bcue_ray_intersect(scene, BCUE_RAY_ALL, &packet);
    CHECK_INT(packet.hit_instance[0], 0);
    CHECK_INT(packet.hit_instance[1], 1);
    CHECK_INT(packet.hit_instance[2], BCUE_RAY_STATIC);
    CHECK_NEAR(packet.far[2], 1.0, 1e-5);
    CHECK_INT(packet.hit_instance[3], BCUE_RAY_STATIC);
    CHECK(packet.hit_triangle[3] != BCUE_RAY_MISS);
    CHECK_INT(packet.hit_triangle[4], BCUE_RAY_MISS);
    CHECK(blocked[0] && blocked[1] && blocked[2] && blocked[3] && !blocked[4]);
    bcue_ray_intersect(scene, BCUE_RAY_STREET_ONLY, &street_only);
    CHECK_INT(street_only.hit_instance[0], BCUE_RAY_STATIC);
    CHECK(street_only.far[0] > packet.far[0]);
    bcue_ray_scene_destroy(scene);
    bcue_radio_scene_destroy(radio);
    bcue_world_free(&world);
}

/* A reflection on an inner edge of a surface, and on a corner where six triangles meet, is one path. */
static void inner_edges_count_once(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_error error = {0};
    CHECK_OK(bcue_world_init(&world, &error), error);
    uint32_t id = bcue_world_add_object(&world, (bcue_object){.kind = BCUE_OBJECT_GROUND});
    for (int i = -3; i < 3; i++)
        for (int k = -3; k < 3; k++)
            bcue_mesh_add_quad(
                &world.statics,
                (bcue_vec3[4]){{i, k, 0}, {i + 1.0, k, 0}, {i + 1.0, k + 1.0, 0}, {i, k + 1.0, 0}},
                BCUE_MATERIAL_ASPHALT, id);
    CHECK_OK(bcue_world_finish(&world, "the test scene", &error), error);
    CHECK_INT(world.radio.surface_count, 1);
    CHECK_OK(bcue_radio_scene_create(&world, &scene, &error), error);
    bcue_path_list list = {0};
    const double at[4][2] = {{0, 0}, {0.5, 0.5}, {0.5, 0}, {-2, 1}}; /* corner, diagonal, side, corner */
    for (int i = 0; i < 4; i++)
        for (int turn = 0; turn < 7; turn++) {
            double dx = 1.3 * cos(turn), dy = 1.3 * sin(turn);
            find(scene, bcue_vec3_make(at[i][0] + dx, at[i][1] + dy, 2),
                 bcue_vec3_make(at[i][0] - dx, at[i][1] - dy, 2), 1, &list);
            CHECK_INT(list.count, 2);
        }
    bcue_path_list_free(&list);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

/* A moving bus reflects and diffracts, and its points move with it. */
static void vehicles_take_part(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(200.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    CHECK_OK(bcue_radio_scene_create(&world, &scene, &error), error);
    bcue_path_list list = {0};
    bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {0, 10, 0}, .velocity_mps = {7, 0, 0}};
    bcue_vec3 tx = {-8, 0, 1.5}, rx = {8, 0, 1.5}, behind = {0, 25, 1.5};
    bcue_path_options options = {
        .max_reflections = 1, .diffraction = true, .mixed = true, .min_edge_m = 0.05};
    for (int frame = 0; frame < 2; frame++) {
        bus.position.x = 0.7 * frame;
        CHECK_OK(bcue_radio_scene_place(scene, &bus, 1, &error), error);
        CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, &list, NULL, &error), error);
        size_t off_bus = 0;
        for (size_t i = 0; i < list.count; i++)
            for (int k = 0; k < list.paths[i].count; k++) {
                const bcue_interaction *a = &list.paths[i].at[k];
                bool moves = a->instance == 0;
                CHECK_NEAR(a->velocity_mps.x, moves ? 7.0 : 0.0, 0.0);
                CHECK(moves == (fabs(a->point.y - 10.0) < 1.4 && fabs(a->point.x - bus.position.x) < 6.5));
                off_bus += moves && a->kind == BCUE_REFLECTION && list.paths[i].count == 1;
            }
        CHECK(off_bus >= 1);
        CHECK_OK(bcue_paths_find(scene, tx, &behind, 1, &options, &list, NULL, &error), error);
        size_t over = 0;
        for (size_t i = 0; i < list.count; i++) {
            CHECK(list.paths[i].count > 0); /* no line of sight through it */
            const bcue_interaction *a = &list.paths[i].at[0];
            if (a->kind != BCUE_DIFFRACTION || list.paths[i].count != 1)
                continue;
            over++;
            /* What the header says of the faces and the edge. */
            bcue_vec3 t0 = bcue_vec3_cross(a->normal, a->edge), back = bcue_vec3_sub(tx, a->point);
            double angle = atan2(bcue_vec3_dot(back, a->normal), bcue_vec3_dot(back, t0));
            angle += angle < 0.0 ? 2.0 * BCUE_PI : 0.0;
            CHECK(angle >= 0.0 && angle <= 0.5 * a->wedge_n * BCUE_PI + 1e-9);
            CHECK_NEAR(bcue_vec3_dot(a->normal_n, t0), sin(a->wedge_n * BCUE_PI), 1e-7);
            CHECK_NEAR(bcue_vec3_dot(a->normal_n, a->normal), -cos(a->wedge_n * BCUE_PI), 1e-7);
            CHECK_NEAR(bcue_vec3_dot(bcue_vec3_unit(bcue_vec3_sub(a->point, tx)), a->edge),
                       bcue_vec3_dot(bcue_vec3_unit(bcue_vec3_sub(behind, a->point)), a->edge), 1e-9);
        }
        CHECK(over >= 1);
    }
    bcue_path_list_free(&list);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

/* A pane that waves pass: the line of sight goes on, with one interaction; a reflection behind it has two. */
static void slabs_are_passed(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(200.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    uint32_t id = bcue_world_add_object(&world, (bcue_object){.kind = BCUE_OBJECT_BUILDING});
    bcue_radio_material *glass = &world.materials[BCUE_MATERIAL_GLASS].radio;
    glass->slab = true;
    glass->thickness_m = 0.01;
    bcue_world_add_wall(&world, bcue_vec3_make(-10, 5, 0), bcue_vec3_make(20, 0, 0), bcue_vec3_make(0, 0, 6),
                        BCUE_MATERIAL_GLASS, id);
    bcue_world_add_wall(&world, bcue_vec3_make(20, 6, 0), bcue_vec3_make(10, 0, 0), bcue_vec3_make(0, 0, 6),
                        BCUE_MATERIAL_FACADE, id);
    CHECK_OK(bcue_world_finish(&world, "the test scene", &error), error);
    CHECK_OK(bcue_radio_scene_create(&world, &scene, &error), error);
    bcue_path_list list = {0};
    bcue_vec3 tx = {0, 0, 2}, rx = {3, 9, 2}, shut = {25, 9, 2};
    for (int most = 0; most < 3; most++) {
        bcue_path_options options = {.max_reflections = 1, .max_transmissions = 1, .max_interactions = most};
        options.max_transmissions = most > 0;
        CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, &list, NULL, &error), error);
        CHECK_INT(list.count, most);
        if (list.count == 2) {
            const bcue_interaction *through = &list.paths[0].at[0];
            CHECK_INT(list.paths[0].count, 1);
            CHECK_INT(through->kind, BCUE_TRANSMISSION);
            CHECK_NEAR(through->point.y, 5.0, 1e-9);
            CHECK_NEAR(through->point.x, 3.0 * 5.0 / 9.0, 1e-9);
            CHECK(through->normal.y < -0.999);
            CHECK_NEAR(list.paths[0].length_m, sqrt(90.0), 1e-12);
            CHECK_INT(list.paths[1].count, 2);
            CHECK_INT(list.paths[1].at[0].kind, BCUE_REFLECTION);
            CHECK_INT(list.paths[1].at[1].kind, BCUE_TRANSMISSION);
        }
        CHECK_OK(bcue_paths_find(scene, bcue_vec3_make(25, 0, 2), &shut, 1, &options, &list, NULL, &error),
                 error);
        CHECK_INT(list.count, 0);
    }
    bcue_path_list_free(&list);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

/* Rough ground in patches: each that both ends see gives one path, by way of its middle; a bus takes away
   those in its shadow; the same patch has the same number in every frame. */
static void patches_scatter(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(32.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    world.materials[BCUE_MATERIAL_ASPHALT].radio.scattering = 0.4;
    CHECK_OK(bcue_world_finish(&world, "the test scene", &error), error);
    CHECK_OK(bcue_radio_scene_create(&world, &scene, &error), error);
    bcue_patch_set *set;
    CHECK_STATUS(bcue_patch_set_create(&world, 0.0, &set, &error), BCUE_ERROR_ARGUMENT);
    CHECK_OK(bcue_patch_set_create(&world, 6.0, &set, &error), error);
    const bcue_patch_list *ground = bcue_patches_of_street(set);
    double area = 0.0;
    for (size_t i = 0; i < ground->count; i++)
        area += ground->all[i].area_m2;
    CHECK_NEAR(area, 64.0 * 64.0, 1e-6);
    CHECK_INT(ground->count, 512); /* right-angled triangles with hypotenuses of 64 sqrt(2) / 16 = 5.66 m */
    bcue_path_list list = {0}, again = {0};
    bcue_vec3 tx = {-10, 0, 5}, rx = {10, 1, 2};
    bcue_path_options options = {.patches = set};
    CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, &list, NULL, &error), error);
    CHECK_INT(list.count, 1 + 512);
    for (size_t i = 1; i < list.count; i++) {
        const bcue_path *p = &list.paths[i];
        bcue_vec3 centre = ground->all[p->at[0].surface].centre;
        CHECK(p->at[0].kind == BCUE_SCATTERING && p->at[0].area_m2 > 7.9 && p->at[0].normal.z > 0.999);
        CHECK_NEAR(p->length_m,
                   bcue_vec3_norm(bcue_vec3_sub(centre, tx)) + bcue_vec3_norm(bcue_vec3_sub(rx, centre)),
                   1e-9);
    }
    bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {0, 0, 0}, .velocity_mps = {3, 0, 0}};
    CHECK_OK(bcue_radio_scene_place(scene, &bus, 1, &error), error);
    CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, &again, NULL, &error), error);
    CHECK(again.count > 100 && again.count < list.count);
    for (size_t i = 0, k = 0; i < again.count; i++) { /* a part of those before, in the same order */
        while (k < list.count &&
               !(list.paths[k].count == again.paths[i].count &&
                 (again.paths[i].count == 0 || list.paths[k].at[0].surface == again.paths[i].at[0].surface)))
            k++;
        CHECK(k < list.count);
    }
    /* Under a bound of the loss the far ones go first. */
    options.wavelength_m = 0.005;
    options.max_loss_db = 115.0;
    CHECK_OK(bcue_radio_scene_place(scene, NULL, 0, &error), error);
    CHECK_OK(bcue_paths_find(scene, tx, &rx, 1, &options, &again, NULL, &error), error);
    CHECK(again.count > 5 && again.count < list.count);
    bcue_path_list_free(&list);
    bcue_path_list_free(&again);
    bcue_patch_set_destroy(set);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

/* 4 m through one canopy, 6 m through two that overlap, none beside them. */
static void canopies(void)
{
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(200.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    const bcue_canopy crown[3] = {{{0, 0, 5}, {2, 2, 1}}, {{0, 20, 5}, {2, 2, 2}}, {{2, 20, 5}, {2, 2, 2}}};
    for (int i = 0; i < 3; i++)
        bcue_world_add_canopy(&world, &crown[i]);
    CHECK_OK(bcue_world_finish(&world, "the test scene", &error), error);
    CHECK_OK(bcue_radio_scene_create(&world, &scene, &error), error);
    bcue_path_list list = {0};
    const double y[4] = {0, 20, 10, 20}, from[4] = {-10, -10, -10, 1}, metres[4] = {4, 6, 0, 3};
    for (int i = 0; i < 4; i++) {
        find(scene, bcue_vec3_make(from[i], y[i], 5), bcue_vec3_make(10, y[i], 5), 0, &list);
        CHECK_INT(list.count, 1);
        CHECK_NEAR(list.paths[0].foliage_m, metres[i], 1e-9);
    }
    bcue_path_list_free(&list);
    bcue_radio_scene_destroy(scene);
    bcue_world_free(&world);
}

int main(void)
{
    RUN(images_by_hand);
    RUN(vehicles_block);
    RUN(packets_name_what_they_hit);
    RUN(lanes_beyond_the_count_may_hold_anything);
    RUN(inner_edges_count_once);
    RUN(vehicles_take_part);
    RUN(slabs_are_passed);
    RUN(patches_scatter);
    RUN(canopies);
    return check_summary();
}
