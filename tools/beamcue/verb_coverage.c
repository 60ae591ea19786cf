#include <math.h>
#include <stdlib.h>

#include "beamcue/coverage_map.h"
#include "cli.h"

enum { MOST_SITES = 64 };

/* Numbers between commas, as many as there are up to `most`; -1: there is something else. */
static int take_numbers(const char *text, double *numbers, int most)
{
    int count = 0;
    for (;;) {
        char *end;
        if (count == most)
            return -1;
        numbers[count] = strtod(text, &end);
        if (end == text || !isfinite(numbers[count]) || (*end != ',' && *end != '\0'))
            return -1;
        count++;
        if (*end == '\0')
            return count;
        text = end + 1;
    }
}

static int take_sites(bcue_cli *cli, bcue_coverage_site *sites, size_t *count)
{
    const char *const *values = bcue_cli_values(cli, "--unit", count);
    for (size_t i = 0; i < *count; i++) {
        double n[5] = {0, 0, 0, 0, -1};
        const int given = i < MOST_SITES ? take_numbers(values[i], n, 5) : 0;
        if (i == MOST_SITES)
            return bcue_cli_usage(cli, "--unit: at most %d units", MOST_SITES);
        if (given < 4 || (given == 5 && !(n[4] >= 0.0 && n[4] < 1e6 && n[4] == floor(n[4]))))
            return bcue_cli_usage(
                cli, "--unit %s: expected X,Y,Z,AZIMUTH or X,Y,Z,AZIMUTH,BEAM, like 40,0,5,90,31", values[i]);
        sites[i] = (bcue_coverage_site){n[0], n[1], n[2], n[3], (int64_t)n[4]};
    }
    return BCUE_EXIT_DONE;
}

static int take_options(bcue_cli *cli, bcue_coverage_options *o, bcue_coverage_site *sites)
{
    const char *area = bcue_cli_value(cli, "--area");
    double bounds[4] = {0, 0, 0, 0};
    long beam = -1, scene = 0;
    int result = bcue_cli_number(cli, "--step", 0.01, 1000.0, &o->step_m);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_number(cli, "--height", 0.01, 1000.0, &o->height_m);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--beam", 0, 100000, &beam);
    if (result == BCUE_EXIT_DONE)
        result = bcue_cli_whole(cli, "--scene", 0, 100000, &scene);
    if (result == BCUE_EXIT_DONE)
        result = take_sites(cli, sites, &o->site_count);
    if (result != BCUE_EXIT_DONE)
        return result;
    if (area != NULL &&
        (take_numbers(area, bounds, 4) != 4 || !(bounds[0] < bounds[1]) || !(bounds[2] < bounds[3])))
        return bcue_cli_usage(cli, "--area %s: expected WEST,EAST,SOUTH,NORTH in metres, like -60,60,0,40",
                              area);
    o->has_area = area != NULL;
    o->x_low_m = bounds[0];
    o->x_high_m = bounds[1];
    o->y_low_m = bounds[2];
    o->y_high_m = bounds[3];
    o->has_beam = beam >= 0;
    o->beam = beam;
    o->scene = scene;
    o->sites = sites;
    return BCUE_EXIT_DONE;
}

static int run(bcue_cli *cli)
{
    static bcue_coverage_site sites[MOST_SITES];
    bcue_coverage_options asked = {0};
    const int usage = take_options(cli, &asked, sites);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    const char *folder = bcue_cli_value(cli, "--out");
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status =
        bcue_map_coverage(cli->operands[0], overrides, count, &asked, folder != NULL ? folder : "coverage",
                          bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--out", .value = "DIR", .help = "the folder to write into; coverage when absent"},
    {.name = "--step", .value = "METRES", .help = "between points; 2 when absent"},
    {.name = "--height", .value = "METRES", .help = "of the receiving antenna; 1.5 when absent"},
    {.name = "--area", .value = "W,E,S,N", .help = "metres east and north; the whole street when absent"},
    {.name = "--unit",
     .value = "X,Y,Z,AZIMUTH[,BEAM]",
     .repeats = true,
     .help = "another roadside unit with the same array; it faces AZIMUTH degrees\n"
             "counter-clockwise from east, and radiates BEAM while another unit serves"},
    {.name = "--beam",
     .value = "N",
     .help = "what the configuration's own unit radiates then, from 0; the middle one"},
    {.name = "--scene", .value = "N", .help = "of a configuration with several scenes: which one, from 0"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_coverage = {
    .name = "coverage",
    .purpose = "map best beam, power, interference and delay spread over a street",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "CONFIG.yaml is that of a simulation; 'beamcue help simulate-config' prints every key.\n"
             "Paths are traced from its roadside unit, and those of --unit, to a grid of points,\n"
             "without moving vehicles and in clear air. Each point is served by the unit and beam\n"
             "that it receives best; all other units radiate one beam each, and the strongest of\n"
             "them is named as interferer. Noise is channel.noise_floor_dbm.\n"
             "\n"
             "Examples:\n"
             "  beamcue coverage configs/street_demo.yaml --step 1\n"
             "  beamcue coverage configs/street_demo.yaml --unit 40,0,5,90,20 --out two_units\n"
             "\n"
             "Writes best_beam, rss, sinr and delay_spread as .png, the same and Rician K, unit,\n"
             "interferer's unit and beam as .npy, and coverage.json, into the folder of --out.\n",
    .run = run,
};
