#include "beamcue/dataset.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = bcue_inspect(cli->operands[0], overrides, count, bcue_cli_value(cli, "--html"),
                                            bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--html", .value = "FILE", .help = "write a page with charts, a map and sample frames"},
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
             "label changes from one sample to the next.\n"
             "\n"
             "Examples:\n"
             "  beamcue inspect data/street_demo --html street.html\n"
             "  beamcue inspect configs/deepsense_position.yaml --json\n"
             "\n"
             "Writes only FILE of --html: one file that needs no other.\n",
    .run = run,
};
