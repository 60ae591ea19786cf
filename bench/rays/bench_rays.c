/* Time per frame of the path search on a street: a base station, moving vehicles, a receiver on each.

       bench_rays [THREADS] [FRAMES]

   The street is made here, so that it does not change with the street builder: two lanes of 205 m between
   rows of buildings with recessed windows, 20,000 triangles and more. Prints the median time of a frame for
   the standard case, then how it grows with receivers, reflections and triangles. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "rays/paths.h"

#define WAVELENGTH_M (299792458.0 / 60e9)
enum { MOST_VEHICLES = 160, MOST_FRAMES = 1000 };

/* A wall from a to b (seen from outside: b on the right-hand side of a is wrong way round), `up` high, with
 * rows of recessed windows. */
static void add_facade(bcue_world *world, bcue_vec3 a, bcue_vec3 b, double up, uint32_t object)
{
    bcue_mesh *mesh = &world->statics;
    bcue_vec3 along = bcue_vec3_sub(b, a), unit = bcue_vec3_unit(along);
    bcue_vec3 in = {-unit.y, unit.x, 0};
    double length = bcue_vec3_norm(along);
    int columns = (int)(length / 3.0), rows = (int)(up / 3.2);
    columns = columns < 1 ? 1 : columns;
    rows = rows < 1 ? 1 : rows;
    double w = length / columns, h = up / rows;
    for (int c = 0; c < columns; c++)
        for (int r = 0; r < rows; r++) {
            double x[4] = {c * w, c * w + 0.25 * w, c * w + 0.75 * w, (c + 1) * w};
            double z[4] = {r * h, r * h + 0.3 * h, r * h + 0.8 * h, (r + 1) * h};
            bcue_vec3 p[4][4], q[2][2];
            for (int i = 0; i < 4; i++)
                for (int k = 0; k < 4; k++) {
                    p[i][k] = bcue_vec3_add(a, bcue_vec3_scale(unit, x[i]));
                    p[i][k].z += z[k];
                }
            for (int i = 0; i < 2; i++)
                for (int k = 0; k < 2; k++)
                    q[i][k] = bcue_vec3_add(p[1 + i][1 + k], bcue_vec3_scale(in, 0.15));
            for (int i = 0; i < 3; i++)
                for (int k = 0; k < 3; k++)
                    if (i != 1 || k != 1)
                        bcue_mesh_add_quad(mesh,
                                           (bcue_vec3[4]){p[i][k], p[i + 1][k], p[i + 1][k + 1], p[i][k + 1]},
                                           BCUE_MATERIAL_FACADE, object);
            bcue_mesh_add_quad(mesh, (bcue_vec3[4]){q[0][0], q[1][0], q[1][1], q[0][1]}, BCUE_MATERIAL_GLASS,
                               object);
            bcue_mesh_add_quad(mesh, (bcue_vec3[4]){p[1][1], p[2][1], q[1][0], q[0][0]}, BCUE_MATERIAL_FACADE,
                               object);
            bcue_mesh_add_quad(mesh, (bcue_vec3[4]){q[0][1], q[1][1], p[2][2], p[1][2]}, BCUE_MATERIAL_FACADE,
                               object);
            bcue_mesh_add_quad(mesh, (bcue_vec3[4]){p[1][1], q[0][0], q[0][1], p[1][2]}, BCUE_MATERIAL_FACADE,
                               object);
            bcue_mesh_add_quad(mesh, (bcue_vec3[4]){q[1][0], p[2][1], p[2][2], q[1][1]}, BCUE_MATERIAL_FACADE,
                               object);
        }
}

static void add_building(bcue_world *world, double x0, double x1, double y0, double y1, double up)
{
    uint32_t id = bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_BUILDING});
    const bcue_vec3 ring[4] = {{x0, y0, 0}, {x1, y0, 0}, {x1, y1, 0}, {x0, y1, 0}};
    for (int i = 0; i < 4; i++)
        add_facade(world, ring[i], ring[(i + 1) % 4], up, id);
    bcue_vec3 roof[4];
    for (int i = 0; i < 4; i++) {
        roof[i] = ring[i];
        roof[i].z = up;
    }
    bcue_mesh_add_quad(&world->statics, roof, BCUE_MATERIAL_ROOF, id);
}

static bcue_status make_street(bcue_world *world, int depth_rows, bcue_error *error)
{
    bcue_status status = bcue_world_make_plain(400.0, BCUE_MATERIAL_ASPHALT, world, error);
    if (status != BCUE_OK)
        return status;
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, 0);
    for (int row = 0; row < depth_rows; row++)
        for (int side = 0; side < 2; side++)
            for (double x = -100.0; x < 100.0;) {
                double width = bcue_rng_range(&rng, 12.0, 24.0), y = 12.0 + 26.0 * row;
                double near = side ? -y - 16.0 : y, up = bcue_rng_range(&rng, 8.0, 22.0);
                add_building(world, x, x + width - 2.0, near, near + 16.0, up);
                x += width;
            }
    uint32_t posts = bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_LAMP_POST});
    for (double x = -100.0; x <= 100.0; x += 25.0)
        bcue_mesh_add_cylinder(&world->statics, bcue_vec3_make(x, 9, 0), bcue_vec3_make(0, 0, 7), 0.1, 8,
                               BCUE_MATERIAL_STEEL, BCUE_MATERIAL_STEEL, posts);
    return bcue_world_finish(world, "the street", error);
}

static void place(const bcue_world *world, int vehicles, double time, bcue_instance *at, bcue_vec3 *antennas)
{
    for (int i = 0; i < vehicles; i++) {
        int lane = i % 4;
        double speed = lane < 2 ? 9.0 + lane : -8.0 - lane, gap = 190.0 / (vehicles / 4.0);
        double x = (i / 4) * gap + speed * time + 3.0 * lane;
        x -= 190.0 * floor((x + 95.0) / 190.0);
        at[i] = (bcue_instance){.model = (uint32_t)(i * 7 % 6),
                                .position = {x, -5.25 + 3.5 * lane, 0},
                                .yaw = speed > 0.0 ? 0.0 : BCUE_PI,
                                .velocity_mps = {speed, 0, 0}};
        antennas[i] = bcue_instance_antenna(world, &at[i]);
    }
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Median milliseconds of a frame: placing the vehicles and finding the paths. */
static bcue_status time_frames(const char *what, const bcue_world *world, int vehicles, int receivers,
                               int frames, const bcue_path_options *options, bcue_error *error)
{
    bcue_radio_scene *scene;
    bcue_status status = bcue_radio_scene_create(world, &scene, error);
    if (status != BCUE_OK)
        return status;
    static bcue_path_list lists[MOST_VEHICLES];
    static double times[MOST_FRAMES];
    bcue_instance at[MOST_VEHICLES];
    bcue_vec3 antennas[MOST_VEHICLES], station = {26.25, -11.0, 14.0};
    bcue_path_report report = {0};
    size_t kinds[4] = {0}, total = 0;
    for (int frame = 0; status == BCUE_OK && frame < frames; frame++) {
        place(world, vehicles, 0.1 * frame, at, antennas);
        double start = bcue_clock_s();
        status = bcue_radio_scene_place(scene, at, (size_t)vehicles, error);
        if (status == BCUE_OK)
            status =
                bcue_paths_find(scene, station, antennas, (size_t)receivers, options, lists, &report, error);
        times[frame] = 1e3 * (bcue_clock_s() - start);
        for (int r = 0; r < receivers; r++)
            for (size_t i = 0; i < lists[r].count; i++, total++) {
                const bcue_path *p = &lists[r].paths[i];
                bool bent = false;
                for (int k = 0; k < p->count; k++)
                    bent = bent || p->at[k].kind == BCUE_DIFFRACTION;
                kinds[p->count == 0 ? 0 : !bent ? 1 : p->count == 1 ? 2 : 3]++;
            }
    }
    size_t surfaces, wedges;
    bcue_radio_surfaces(scene, &surfaces);
    bcue_radio_wedges(scene, &wedges);
    qsort(times, (size_t)frames, sizeof times[0], by_value);
    double n = (double)frames * receivers;
    printf("%-44s %7zu triangles %6zu surfaces %6zu wedges %4d receivers: median %8.2f ms, 90 %% %8.2f ms; "
           "per receiver %.2f LoS %.1f R %.1f D %.1f RD+DR\n",
           what, world->radio.triangle_count, surfaces, wedges, receivers, times[frames / 2],
           times[frames * 9 / 10], (double)kinds[0] / n, (double)kinds[1] / n, (double)kinds[2] / n,
           (double)kinds[3] / n);
    fflush(stdout);
    for (int r = 0; r < MOST_VEHICLES; r++)
        bcue_path_list_free(&lists[r]);
    bcue_radio_scene_destroy(scene);
    return status;
}

static bcue_status run(int frames, bcue_error *error)
{
    bcue_world world, large, small;
    bcue_status status = make_street(&world, 1, error);
    if (status == BCUE_OK)
        status = make_street(&large, 4, error);
    if (status == BCUE_OK)
        status = bcue_world_make_plain(400.0, BCUE_MATERIAL_ASPHALT, &small, error);
    bcue_path_options all = {.max_reflections = 1,
                             .diffraction = true,
                             .mixed = true,
                             .min_edge_m = 5.0 * WAVELENGTH_M,
                             .max_loss_db = 120.0,
                             .wavelength_m = WAVELENGTH_M};
    bcue_path_options direct = {0}, once = {.max_reflections = 1}, single = all, twice = all;
    once.max_loss_db = direct.max_loss_db = 120.0;
    once.wavelength_m = direct.wavelength_m = WAVELENGTH_M;
    single.mixed = false;
    twice.max_reflections = 2;
    if (status == BCUE_OK)
        status = time_frames("LoS + R + D + RD + DR", &world, 40, 40, frames, &all, error);
    if (status == BCUE_OK)
        status = time_frames("  LoS", &world, 40, 40, frames, &direct, error);
    if (status == BCUE_OK)
        status = time_frames("  LoS + R", &world, 40, 40, frames, &once, error);
    if (status == BCUE_OK)
        status = time_frames("  LoS + R + D", &world, 40, 40, frames, &single, error);
    if (status == BCUE_OK)
        status = time_frames("  two reflections", &world, 40, 40, frames / 4 + 1, &twice, error);
    for (int receivers = 10; status == BCUE_OK && receivers <= 160; receivers *= 2)
        status =
            time_frames("  receivers, 160 vehicles", &world, 160, receivers, frames / 4 + 1, &all, error);
    if (status == BCUE_OK)
        status = time_frames("  no buildings", &small, 40, 40, frames / 4 + 1, &all, error);
    if (status == BCUE_OK)
        status = time_frames("  four rows of buildings", &large, 40, 40, frames / 4 + 1, &all, error);
    return status;
}

int main(int argc, char **argv)
{
    bcue_error error = {0};
    int frames = argc > 2 ? atoi(argv[2]) : 40;
    bcue_set_threads(argc > 1 ? atoi(argv[1]) : 2);
    bcue_status status = run(frames < 1 ? 1 : frames > MOST_FRAMES ? MOST_FRAMES : frames, &error);
    if (status != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
    return status == BCUE_OK ? 0 : 1;
}
