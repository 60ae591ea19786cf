#include "beamcue/dataset.h"
#include "cli.h"

enum { REFERENCE_CLOUDS = 40 };
static const double reference_share = 0.6;

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    const char *static_lidar = bcue_cli_value(cli, "--static-lidar");
    bcue_report *report = NULL;
    bcue_error error = {""};
    if (bcue_cli_flag(cli, "--verify")) {
        if (static_lidar != NULL || bcue_cli_value(cli, "--html") != NULL || count > 0)
            return bcue_cli_usage(cli, "--verify only compares files; it takes no other option");
        const bcue_status same = bcue_verify_folder(cli->operands[0], bcue_cli_hooks(cli), &report, &error);
        return bcue_cli_finish_call(cli, same, report, &error);
    }
    if (static_lidar != NULL) {
        if (bcue_cli_value(cli, "--html") != NULL)
            return bcue_cli_usage(cli, "--static-lidar and --html are two runs");
        const bcue_status made =
            bcue_static_lidar(cli->operands[0], overrides, count, REFERENCE_CLOUDS, reference_share,
                              static_lidar, bcue_cli_hooks(cli), &report, &error);
        return bcue_cli_finish_call(cli, made, report, &error);
    }
    const bcue_status status = bcue_inspect(cli->operands[0], overrides, count, bcue_cli_value(cli, "--html"),
                                            bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--html", .value = "FILE", .help = "write a page with charts, a map and sample frames"},
    {.name = "--verify", .help = "instead, compare every file of a simulated DIR with its manifest"},
    {.name = "--static-lidar",
     .value = "FILE",
     .help = "instead, write what stands still before the LiDAR as a PLY, for features.lidar.background"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_inspect = {
    .name = "inspect",
    .purpose = "look at recordings: counts, defects, beams, power, positions",
    .operands = "DIR|CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "DIR is a scenario folder in the DeepSense 6G layout. Of a configuration the\n"
             "section 'data' is read. Shown are counts and rate, which modalities are there,\n"
             "defects found and what was done about them, how often each beam is best, the\n"
             "spread of the power, the gap between best and second beam, and how often the\n"
             "label changes from one sample to the next; of LiDAR and radar a few frames.\n"
             "\n"
             "Scene by scene (else by source): how strong the best beam is, the beams it\n"
             "crowds on, of 152 beams how many lobes it has, and the mean percentile rank\n"
             "(MPR) and loss of a constant and of a random beam. The page adds one picture\n"
             "of each scene and condition, histograms, and beams against power.\n"
             "\n"
             "--static-lidar looks at 40 clouds spread over the recordings of one street and\n"
             "keeps the places of 0.25 m that at least 60 % of them hit.\n"
             "\n"
             "Examples:\n"
             "  beamcue inspect data/street_demo --html street.html\n"
             "  beamcue inspect configs/deepsense_position.yaml --json\n"
             "  beamcue inspect data/scenario31 --static-lidar scenario31_static.ply\n"
             "\n"
             "Writes only the FILE that is named; a page needs no other file.\n",
    .run = run,
};
