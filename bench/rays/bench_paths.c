/* Searches for paths in an imported scene, so that a driver can take turns with another program and compare
   (tools/peer/compare_sionna.py):

       bench_paths SCENE POSITIONS DEPTH TRANSMISSIONS DIFFRACTION THREADS [RAYS [EXHAUSTIVE]]

   POSITIONS: lines "x y z", the transmitter first, then the receivers. DEPTH: reflections and transmissions
   of one path together. EXHAUSTIVE: up to this many reflections every sequence is tried (0: by itself).
   Prints "ready", then for each line of input: a number n runs n times and prints the milliseconds of each
   run on one line; "paths" prints the paths of the last run, one per line: receiver, length in metres, gain
   |a|^2 between vertical antennas, number of points, then kind (0 reflection, 1 diffraction, 2 transmission),
   object and coordinates of each point; a blank line ends them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/parallel.h"
#include "channel/path_gain.h"
#include "rays/paths.h"
#include "scene/import.h"

#define WAVELENGTH_M (299792458.0 / 28e9)
enum { MOST_RECEIVERS = 10000 };

typedef struct setup {
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_channel *channel;
    bcue_vec3 positions[MOST_RECEIVERS + 1];
    size_t count;
    bcue_path_list lists[MOST_RECEIVERS];
    bcue_path_options options;
    bcue_path_report report;
} setup;

static bool read_positions(setup *s, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bcue_vec3 p;
    while (s->count <= MOST_RECEIVERS && fscanf(file, "%lf %lf %lf", &p.x, &p.y, &p.z) == 3)
        s->positions[s->count++] = p;
    fclose(file);
    return s->count >= 2;
}

static uint32_t object_of(const setup *s, const bcue_interaction *at)
{
    const bcue_radio_shape *radio = &s->world.radio;
    if (at->kind == BCUE_DIFFRACTION)
        return radio->surfaces[radio->wedges[at->surface].surface[0]].object;
    return radio->surfaces[at->surface].object;
}

static void print_paths(const setup *s)
{
    for (size_t r = 0; r + 1 < s->count; r++)
        for (size_t i = 0; i < s->lists[r].count; i++) {
            const bcue_path *p = &s->lists[r].paths[i];
            bcue_tap tap = {0};
            bcue_channel_tap(s->channel, p, (bcue_vec3){0}, (bcue_vec3){0}, &tap, NULL);
            double gain = cabs(tap.gain.vv) * cabs(tap.gain.vv);
            printf("%zu %.12g %.9g %d", r, p->length_m, gain, p->count);
            for (int k = 0; k < p->count; k++)
                printf(" %d %u %.9g %.9g %.9g", (int)p->at[k].kind, object_of(s, &p->at[k]), p->at[k].point.x,
                       p->at[k].point.y, p->at[k].point.z);
            putchar('\n');
        }
    putchar('\n');
    fflush(stdout);
}

static bcue_status serve(setup *s, bcue_error *error)
{
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "paths", 5) == 0) {
            print_paths(s);
            continue;
        }
        for (long n = strtol(line, NULL, 10); n > 0; n--) {
            double start = bcue_clock_s();
            bcue_status status = bcue_paths_find(s->scene, s->positions[0], s->positions + 1, s->count - 1,
                                                 &s->options, s->lists, &s->report, error);
            if (status != BCUE_OK)
                return status;
            printf("%.3f%c", 1e3 * (bcue_clock_s() - start), n > 1 ? ' ' : '\n');
        }
        fflush(stdout);
    }
    fprintf(stderr, "complete to %d reflections, %zu sequences, %zu rays\n", s->report.complete_order,
            s->report.image_sequences, s->report.rays);
    return BCUE_OK;
}

int main(int argc, char **argv)
{
    static setup s;
    bcue_error error = {0};
    if (argc < 7 || !read_positions(&s, argv[2])) {
        fprintf(stderr,
                "bench_paths SCENE POSITIONS DEPTH TRANSMISSIONS DIFFRACTION THREADS [RAYS [EXHAUSTIVE]]\n");
        return 2;
    }
    int depth = atoi(argv[3]);
    s.options = (bcue_path_options){.max_reflections = depth,
                                    .max_transmissions = atoi(argv[4]),
                                    .max_interactions = depth,
                                    .diffraction = atoi(argv[5]) > 0,
                                    .mixed = atoi(argv[5]) > 1,
                                    .min_edge_m = 5.0 * WAVELENGTH_M,
                                    .ray_count = argc > 7 ? (size_t)atol(argv[7]) : 0,
                                    .exhaustive_order = argc > 8 ? atoi(argv[8]) : 0};
    bcue_set_threads(atoi(argv[6]));
    double start = bcue_clock_s();
    bcue_status status = bcue_world_import(argv[1], NULL, &s.world, NULL, &error);
    double loaded = bcue_clock_s();
    if (status == BCUE_OK)
        status = bcue_radio_scene_create(&s.world, &s.scene, &error);
    bcue_channel_config channel = {.carrier_hz = 28e9};
    if (status == BCUE_OK)
        status = bcue_channel_create(&s.world, &channel, &s.channel, &error);
    if (status == BCUE_OK) {
        printf("ready %zu triangles %zu surfaces %zu wedges, load %.3f s, build %.3f s\n",
               s.world.radio.triangle_count, s.world.radio.surface_count, s.world.radio.wedge_count,
               loaded - start, bcue_clock_s() - loaded);
        fflush(stdout);
        status = serve(&s, &error);
    }
    for (size_t r = 0; r < MOST_RECEIVERS; r++)
        bcue_path_list_free(&s.lists[r]);
    bcue_channel_destroy(s.channel);
    bcue_radio_scene_destroy(s.scene);
    bcue_world_free(&s.world);
    if (status != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
    return status == BCUE_OK ? 0 : 1;
}
