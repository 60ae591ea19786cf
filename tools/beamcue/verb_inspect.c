#include <string.h>

#include "beamcue/dataset.h"
#include "beamcue/site.h"
#include "cli.h"

enum { REFERENCE_CLOUDS = 40 };
static const double reference_share = 0.6;

/* The options of which only one can be given. */
static int refuse_two(bcue_cli *cli)
{
    static const char *const runs[] = {"--new-site", "--site", "--static-lidar", "--verify", "--html"};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        if (!bcue_cli_flag(cli, runs[i]))
            continue;
        if (first != NULL && (strcmp(first, "--new-site") == 0 || strcmp(first, "--site") == 0))
            return bcue_cli_usage(cli, "%s and %s are two runs", first, runs[i]);
        first = first != NULL ? first : runs[i];
    }
    if (bcue_cli_flag(cli, "--pictures") && !bcue_cli_flag(cli, "--site"))
        return bcue_cli_usage(cli, "--pictures goes with --site");
    if (cli->operand_count == 0 && !bcue_cli_flag(cli, "--site"))
        return bcue_cli_usage(cli, "%s is missing", "DIR|CONFIG.yaml");
    return BCUE_EXIT_DONE;
}

static int run_site(bcue_cli *cli, const char *const *overrides, size_t count)
{
    const char *data = cli->operand_count > 0 ? cli->operands[0] : NULL;
    const char *made = bcue_cli_value(cli, "--new-site");
    bcue_report *report = NULL;
    bcue_error error = {""};
    if (data == NULL && count > 0)
        return bcue_cli_usage(cli, "--set changes a configuration; name one, or change site.yaml");
    const bcue_status status =
        made != NULL
            ? bcue_site_new(data, overrides, count, made, bcue_cli_hooks(cli), &report, &error)
            : bcue_site_check(data, overrides, count, bcue_cli_value(cli, "--site"),
                              bcue_cli_value(cli, "--pictures"), bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    const char *static_lidar = bcue_cli_value(cli, "--static-lidar");
    bcue_report *report = NULL;
    bcue_error error = {""};
    const int usage = refuse_two(cli);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    if (bcue_cli_flag(cli, "--new-site") || bcue_cli_flag(cli, "--site"))
        return run_site(cli, overrides, count);
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
    {.name = "--new-site",
     .value = "FILE",
     .help = "instead, write a site.yaml with what the recordings tell and what is to be measured"},
    {.name = "--site",
     .value = "FILE",
     .help = "instead, compare the poses of a site.yaml with the recordings (DIR is optional)"},
    {.name = "--pictures", .value = "DIR", .help = "of --site: PNG of some frames with the fixes drawn"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_inspect = {
    .name = "inspect",
    .purpose = "look at recordings: counts, defects, beams, power, positions",
    .operands = "DIR|CONFIG.yaml",
    .least = 0,
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
             "--new-site and --site: docs/site.md. The second projects the fixes of the vehicles\n"
             "into the pictures and compares them with what LiDAR, radar and array see; the\n"
             "medians say by how much the heading or a sensor is turned.\n"
             "\n"
             "Examples:\n"
             "  beamcue inspect data/street_demo --html street.html\n"
             "  beamcue inspect configs/deepsense_position.yaml --json\n"
             "  beamcue inspect data/scenario31 --static-lidar scenario31_static.ply\n"
             "  beamcue inspect data/street_demo --new-site site.yaml\n"
             "  beamcue inspect --site site.yaml --pictures check\n"
             "\n"
             "Writes only the FILE or DIR that is named; a page needs no other file.\n",
    .run = run,
};
