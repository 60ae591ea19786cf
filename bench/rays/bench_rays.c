/* Time per frame of the path search on a street, with the vehicles, the RSU and the options of `beamcue
   simulate configs/paper_b.yaml`.

       bench_rays [THREADS] [FRAMES] [goal]

   Traffic drives itself through a preset of the street builder (seed 1, episode 0); the vehicles in the
   bounds receive, walkers stand in the way, 28 GHz, losses up to 120 dB. Prints the median time of a frame
   (placing the vehicles, finding all paths), then how it grows with kinds of path, receivers and triangles.
   `goal`: only the frame that the issue asks for, line of sight, reflection, diffraction and both together
   for 40 receivers among at least 20,000 static triangles. Those come from the preset with narrower and
   higher houses, more balconies, posts, trees and signs (`dense` below). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "rays/paths.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

#define WAVELENGTH_M (299792458.0 / 28e9)
#define STEP_S 0.1
enum { MOST_INSTANCES = 400, MOST_FRAMES = 1000 };

static const char *const dense[] = {"blocks.min_width_m=8",        "blocks.max_width_m=11",
                                    "blocks.min_height_m=45",      "blocks.max_height_m=65",
                                    "blocks.balconies=0.5",        "blocks.recesses=1",
                                    "furniture.tree_spacing_m=5",  "furniture.lamp_spacing_m=10",
                                    "furniture.sign_spacing_m=12", "furniture.bus_stops=4"};
static const char *const bare[] = {"blocks.share=0",
                                   "blocks.second_row=false",
                                   "furniture.tree_spacing_m=0",
                                   "furniture.lamp_spacing_m=0",
                                   "furniture.sign_spacing_m=0",
                                   "furniture.bus_stops=0"};

/* A street with its traffic. */
typedef struct place {
    bcue_world world;
    bcue_site site;
    bcue_traffic traffic;
    int frames;
} place;

typedef struct frame {
    bcue_instance at[MOST_INSTANCES];
    bcue_vec3 antennas[MOST_INSTANCES];
    size_t count, receivers;
} frame;

static bcue_status make_place(bcue_scenery_preset preset, const char *const *settings, size_t setting_count,
                              int64_t vehicles, int frames, place *p, bcue_error *error)
{
    bcue_scenery_config config;
    bcue_config *source;
    *p = (place){.frames = frames};
    BCUE_TRY(bcue_config_read(NULL, settings, setting_count, bcue_scenery_fields, &config, &source, error));
    config.preset = (int)preset;
    bcue_status status = bcue_scenery_make(&config, 1, &p->world, &p->site, error);
    bcue_config_destroy(source);
    if (status != BCUE_OK)
        return status;
    bcue_flow_config flow;
    BCUE_TRY(bcue_flow_defaults(&flow, error));
    flow.max_vehicles = vehicles;
    if (vehicles > 40)
        flow.vehicles_per_minute = 40.0;
    flow.duration_s = STEP_S * (frames + 1);
    return bcue_traffic_flow(&p->world, &flow, 1, 0, &p->traffic, error);
}

static void free_place(place *p)
{
    bcue_traffic_free(&p->traffic);
    bcue_world_free(&p->world);
}

/* Up to `most` vehicles inside the bounds, which receive, then the walkers and what is parked. */
static void put(const place *p, double time_s, size_t most, frame *f)
{
    static bcue_instance all[MOST_INSTANCES];
    static uint32_t ids[MOST_INSTANCES];
    size_t count;
    f->count = f->receivers = 0;
    if (bcue_traffic_capacity(&p->world, &p->traffic) > MOST_INSTANCES)
        return;
    bcue_traffic_at(&p->world, &p->traffic, time_s, all, &count, ids);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            bool walks = p->world.models[all[i].model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN ||
                         ids[i] == BCUE_NO_TRACK;
            bool inside = bcue_bounds_contain(&p->site.bounds, all[i].position.x, all[i].position.y);
            if (pass == 0 && !walks && inside && f->receivers < most) {
                f->antennas[f->receivers++] = bcue_instance_antenna(&p->world, &all[i]);
                f->at[f->count++] = all[i];
            } else if (pass == 1 && walks)
                f->at[f->count++] = all[i];
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

/* Sums over frames of what was found. */
typedef struct tally {
    double receivers, instances, kinds[4];
} tally;

static void count_paths(const frame *f, const bcue_path_list *lists, tally *sum)
{
    sum->receivers += (double)f->receivers;
    sum->instances += (double)f->count;
    for (size_t r = 0; r < f->receivers; r++)
        for (size_t i = 0; i < lists[r].count; i++) {
            const bcue_path *p = &lists[r].paths[i];
            bool bent = false;
            for (int k = 0; k < p->count; k++)
                bent = bent || p->at[k].kind == BCUE_DIFFRACTION;
            sum->kinds[p->count == 0 ? 0 : !bent ? 1 : p->count == 1 ? 2 : 3]++;
        }
}

static void print_times(const char *what, const place *p, const bcue_radio_scene *scene, const tally *sum,
                        double *times, double *cpu, int frames)
{
    size_t surfaces, wedges;
    bcue_radio_surfaces(scene, &surfaces);
    bcue_radio_wedges(scene, &wedges);
    qsort(times, (size_t)frames, sizeof times[0], by_value);
    qsort(cpu, (size_t)frames, sizeof cpu[0], by_value);
    double n = sum->receivers > 0.0 ? sum->receivers : 1.0;
    printf("%-24s %6zu triangles, %5zu surfaces, %5zu wedges, %5.1f objects move, %5.1f receive: median "
           "%7.2f ms, 90 %% %7.2f ms, processor %7.2f ms; per receiver %.2f LoS %.2f R %.2f D %.2f RD+DR\n",
           what, p->world.radio.triangle_count, surfaces, wedges, sum->instances / frames,
           sum->receivers / frames, times[frames / 2], times[frames * 9 / 10], cpu[frames / 2],
           sum->kinds[0] / n, sum->kinds[1] / n, sum->kinds[2] / n, sum->kinds[3] / n);
    fflush(stdout);
}

/* Median milliseconds of a frame: placing the vehicles and finding the paths to up to `most` receivers. */
static bcue_status time_frames(const char *what, const place *p, size_t most, int frames,
                               const bcue_path_options *options, bcue_error *error)
{
    bcue_radio_scene *scene;
    BCUE_TRY(bcue_radio_scene_create(&p->world, &scene, error));
    static bcue_path_list lists[MOST_INSTANCES];
    static double times[MOST_FRAMES], cpu[MOST_FRAMES];
    static frame f;
    tally sum = {0};
    bcue_status status = BCUE_OK;
    frames = frames < p->frames ? frames : p->frames;
    for (int i = 0; status == BCUE_OK && i < frames; i++) {
        put(p, STEP_S * i * p->frames / frames, most, &f);
        double start = bcue_clock_s(), start_cpu = cpu_s();
        status = bcue_radio_scene_place(scene, f.at, f.count, error);
        if (status == BCUE_OK)
            status = bcue_paths_find(scene, p->site.position, f.antennas, f.receivers, options, lists, NULL,
                                     error);
        times[i] = 1e3 * (bcue_clock_s() - start);
        cpu[i] = 1e3 * (cpu_s() - start_cpu);
        count_paths(&f, lists, &sum);
    }
    if (status == BCUE_OK)
        print_times(what, p, scene, &sum, times, cpu, frames);
    for (int r = 0; r < MOST_INSTANCES; r++)
        bcue_path_list_free(&lists[r]);
    bcue_radio_scene_destroy(scene);
    return status;
}

static bcue_status run_kinds(const place *p, int frames, const bcue_path_options *all, bcue_error *error)
{
    bcue_path_options direct = *all, once = *all, single = *all, twice = *all;
    direct.max_reflections = 0;
    direct.diffraction = once.diffraction = false;
    single.mixed = false;
    twice.max_reflections = 2;
    BCUE_TRY(time_frames("  LoS", p, 40, frames, &direct, error));
    BCUE_TRY(time_frames("  LoS + R", p, 40, frames, &once, error));
    BCUE_TRY(time_frames("  LoS + R + D", p, 40, frames, &single, error));
    return time_frames("  and two reflections", p, 40, frames / 4 + 1, &twice, error);
}

static bcue_status run(int frames, bool goal, bcue_error *error)
{
    const size_t dense_count = sizeof dense / sizeof dense[0], bare_count = sizeof bare / sizeof bare[0];
    const bcue_path_options all = {.max_reflections = 1,
                                   .diffraction = true,
                                   .mixed = true,
                                   .min_edge_m = 5.0 * WAVELENGTH_M,
                                   .max_loss_db = 120.0,
                                   .wavelength_m = WAVELENGTH_M};
    place p;
    bcue_status status = make_place(BCUE_SCENERY_TWO_LANE, dense, dense_count, 80, frames, &p, error);
    if (status == BCUE_OK)
        status = time_frames("2-lane, dense", &p, 40, frames, &all, error);
    for (size_t receivers = 10; status == BCUE_OK && !goal && receivers <= 80; receivers *= 2)
        status = time_frames("  up to so many receive", &p, receivers, frames / 4 + 1, &all, error);
    free_place(&p);
    if (status != BCUE_OK || goal)
        return status;
    status = make_place(BCUE_SCENERY_TWO_LANE, NULL, 0, 80, frames, &p, error);
    if (status == BCUE_OK)
        status = time_frames("2-lane, 40 receivers", &p, 40, frames, &all, error);
    if (status == BCUE_OK)
        status = run_kinds(&p, frames, &all, error);
    free_place(&p);
    if (status == BCUE_OK)
        status = make_place(BCUE_SCENERY_TWO_LANE, NULL, 0, 40, frames, &p, error);
    if (status == BCUE_OK)
        status = time_frames("2-lane, as simulate", &p, MOST_INSTANCES, frames, &all, error);
    free_place(&p);
    if (status == BCUE_OK)
        status = make_place(BCUE_SCENERY_THREE_LANE, NULL, 0, 40, frames, &p, error);
    if (status == BCUE_OK)
        status = time_frames("3-lane, as simulate", &p, MOST_INSTANCES, frames, &all, error);
    free_place(&p);
    if (status == BCUE_OK)
        status = make_place(BCUE_SCENERY_TWO_LANE, bare, bare_count, 80, frames, &p, error);
    if (status == BCUE_OK)
        status = time_frames("2-lane, no buildings", &p, 40, frames, &all, error);
    free_place(&p);
    return status;
}

int main(int argc, char **argv)
{
    bcue_error error = {0};
    int frames = argc > 2 ? atoi(argv[2]) : 40;
    bool goal = argc > 3 && strcmp(argv[3], "goal") == 0;
    bcue_set_threads(argc > 1 ? atoi(argv[1]) : 2);
    bcue_status status = run(frames < 1 ? 1 : frames > MOST_FRAMES ? MOST_FRAMES : frames, goal, &error);
    if (status != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
    return status == BCUE_OK ? 0 : 1;
}
