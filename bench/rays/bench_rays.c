/* Time per frame of the path search on a street: a base station, moving vehicles, a receiver on each.

       bench_rays [THREADS] [FRAMES]

   The preset 2-lane of the street builder (seed 1), 40 vehicles with a receiver on each, 60 GHz, losses up to
   120 dB. Prints the median time of a frame (placing the vehicles, finding all paths), then how it grows with
   kinds of path, receivers and triangles. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "base/parallel.h"
#include "rays/paths.h"
#include "world/scenery.h"
#include "world/street.h"

#define WAVELENGTH_M (299792458.0 / 60e9)
enum { MOST_VEHICLES = 160, MOST_FRAMES = 1000 };

/* Vehicles spread evenly over all lanes, moving along them. */
static void place(const bcue_world *world, int vehicles, double time, bcue_instance *at, bcue_vec3 *antennas)
{
    const bcue_roads *roads = &world->roads;
    double total = 0.0;
    for (size_t i = 0; i < roads->lane_count; i++)
        total += roads->lanes[i].kind == BCUE_LANE_DRIVE ? roads->lanes[i].length_m : 0.0;
    for (int i = 0; i < vehicles; i++) {
        double s = fmod(total * i / vehicles + 10.0 * time, fmax(total, 1.0)), yaw = 0.0;
        bcue_vec3 position = {3.0 * i - 60.0, i % 3 - 20.0, 0};
        for (size_t k = 0; k < roads->lane_count; k++) {
            if (roads->lanes[k].kind != BCUE_LANE_DRIVE)
                continue;
            if (s <= roads->lanes[k].length_m) {
                position = bcue_lane_at(roads, (uint32_t)k, s, &yaw);
                break;
            }
            s -= roads->lanes[k].length_m;
        }
        at[i] = (bcue_instance){.model = (uint32_t)(i * 7 % 6),
                                .position = position,
                                .yaw = yaw,
                                .velocity_mps = {10.0 * cos(yaw), 10.0 * sin(yaw), 0}};
        antennas[i] = bcue_instance_antenna(world, &at[i]);
    }
}

/* Processor time of the process: on a busy machine it says more than the clock. */
static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Median milliseconds of a frame: placing the vehicles and finding the paths. */
static bcue_status time_frames(const char *what, const bcue_world *world, bcue_vec3 station, int vehicles,
                               int receivers, int frames, const bcue_path_options *options, bcue_error *error)
{
    bcue_radio_scene *scene;
    bcue_status status = bcue_radio_scene_create(world, &scene, error);
    if (status != BCUE_OK)
        return status;
    static bcue_path_list lists[MOST_VEHICLES];
    static double times[MOST_FRAMES], cpu[MOST_FRAMES];
    bcue_instance at[MOST_VEHICLES];
    bcue_vec3 antennas[MOST_VEHICLES];
    bcue_path_report report = {0};
    size_t kinds[4] = {0}, total = 0;
    for (int frame = 0; status == BCUE_OK && frame < frames; frame++) {
        place(world, vehicles, 0.1 * frame, at, antennas);
        double start = bcue_clock_s(), start_cpu = cpu_s();
        status = bcue_radio_scene_place(scene, at, (size_t)vehicles, error);
        if (status == BCUE_OK)
            status =
                bcue_paths_find(scene, station, antennas, (size_t)receivers, options, lists, &report, error);
        times[frame] = 1e3 * (bcue_clock_s() - start);
        cpu[frame] = 1e3 * (cpu_s() - start_cpu);
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
    qsort(cpu, (size_t)frames, sizeof cpu[0], by_value);
    double n = (double)frames * receivers;
    printf("%-44s %7zu triangles %6zu surfaces %6zu wedges %4d receivers: median %8.2f ms, 90 %% %8.2f ms, "
           "processor %8.2f ms; "
           "per receiver %.2f LoS %.1f R %.1f D %.1f RD+DR\n",
           what, world->radio.triangle_count, surfaces, wedges, receivers, times[frames / 2],
           times[frames * 9 / 10], cpu[frames / 2], (double)kinds[0] / n, (double)kinds[1] / n,
           (double)kinds[2] / n, (double)kinds[3] / n);
    fflush(stdout);
    for (int r = 0; r < MOST_VEHICLES; r++)
        bcue_path_list_free(&lists[r]);
    bcue_radio_scene_destroy(scene);
    return status;
}

static bcue_status run(int frames, bcue_error *error)
{
    bcue_world world, large, small;
    bcue_site site, other;
    bcue_status status = bcue_scenery_make_preset(BCUE_SCENERY_TWO_LANE, 1, &world, &site, error);
    if (status == BCUE_OK)
        status = bcue_scenery_make_preset(BCUE_SCENERY_THREE_LANE, 1, &large, &other, error);
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
        status = time_frames("LoS + R + D + RD + DR", &world, site.position, 40, 40, frames, &all, error);
    if (status == BCUE_OK)
        status = time_frames("  LoS", &world, site.position, 40, 40, frames, &direct, error);
    if (status == BCUE_OK)
        status = time_frames("  LoS + R", &world, site.position, 40, 40, frames, &once, error);
    if (status == BCUE_OK)
        status = time_frames("  LoS + R + D", &world, site.position, 40, 40, frames, &single, error);
    if (status == BCUE_OK)
        status =
            time_frames("  two reflections", &world, site.position, 40, 40, frames / 4 + 1, &twice, error);
    for (int receivers = 10; status == BCUE_OK && receivers <= 160; receivers *= 2)
        status = time_frames("  receivers, 160 vehicles", &world, site.position, 160, receivers,
                             frames / 4 + 1, &all, error);
    if (status == BCUE_OK)
        status = time_frames("  no buildings", &small, site.position, 40, 40, frames / 4 + 1, &all, error);
    if (status == BCUE_OK)
        status = time_frames("  preset 3-lane", &large, other.position, 40, 40, frames / 4 + 1, &all, error);
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
