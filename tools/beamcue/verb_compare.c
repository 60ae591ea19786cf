#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *metrics = bcue_cli_values(cli, "--metric", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = bcue_compare_runs(cli->operands, cli->operand_count, metrics, count,
                                                 bcue_cli_value(cli, "--html"), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    {.name = "--metric",
     .value = "NAME",
     .repeats = true,
     .help = "compare by this metric: top_1, top_3, dba, loss_db, ...; when\n"
             "absent: top_1, dba and loss_db"},
    {.name = "--html", .value = "FILE", .help = "write the comparison as a page too"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_compare = {
    .name = "compare",
    .purpose = "decide which of several evaluated runs beats which",
    .operands = "FOLDER_A FOLDER_B [FOLDER]...",
    .least = 2,
    .most = 1000,
    .options = options,
    .about = "The folders are the OUT folders of 'beamcue evaluate' on the same test samples.\n"
             "A beats B only if the 95 % interval of the difference, averaged over seeds,\n"
             "excludes 0 after Holm's correction over all pairs and metrics. With fewer than 10\n"
             "test episodes there is no interval and nothing beats anything.\n"
             "\n"
             "Example:\n"
             "  beamcue compare out/demo_fusion out/demo_camera out/demo_position \\\n"
             "      --metric top_1 --metric loss_db --html comparison.html\n"
             "\n"
             "Writes only FILE of --html.\n",
    .run = run,
};
