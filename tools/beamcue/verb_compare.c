#include <string.h>

#include "beamcue/train.h"
#include "cli.h"

static bool is_list(const char *operand)
{
    const char *ending = strrchr(operand, '.');
    return ending != NULL && (strcmp(ending, ".yaml") == 0 || strcmp(ending, ".yml") == 0);
}

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *metrics = bcue_cli_values(cli, "--metric", &count);
    const char *html = bcue_cli_value(cli, "--html");
    const bcue_hooks *hooks = bcue_cli_hooks(cli);
    bcue_report *report = NULL;
    bcue_error error = {""};
    if (cli->operand_count == 1 && !is_list(cli->operands[0]))
        return bcue_cli_usage(
            cli, "one operand is a list of comparisons (.yaml); of folders it takes two or more");
    if (cli->operand_count == 1 && count > 0)
        return bcue_cli_usage(cli, "--metric goes with folders; a list of comparisons names its own metrics");
    const bcue_status status = cli->operand_count == 1
                                   ? bcue_compare_listed(cli->operands[0], html, hooks, &report, &error)
                                   : bcue_compare_runs(cli->operands, cli->operand_count, metrics, count,
                                                       html, hooks, &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    {.name = "--metric",
     .value = "NAME",
     .repeats = true,
     .help = "compare folders by this metric: top_1, top_3, dba, loss_db,\n"
             "...; when absent: top_1, loss_db and dba"},
    {.name = "--html", .value = "FILE", .help = "write the comparison as a page too"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_compare = {
    .name = "compare",
    .purpose = "decide which of several evaluated runs beats which",
    .operands = "COMPARISONS.yaml | FOLDER_A FOLDER_B [FOLDER]...",
    .least = 1,
    .most = 1000,
    .options = options,
    .about = "The folders are the OUT folders of 'beamcue evaluate' on the same test samples.\n"
             "A beats B only if the 95 % interval of the difference, averaged over seeds,\n"
             "excludes 0 after Holm's correction over all comparisons. With fewer than 10 test\n"
             "episodes there is no interval and nothing beats anything.\n"
             "\n"
             "A list of comparisons says beforehand which runs are held against which, and by\n"
             "which metrics ('beamcue help compare-config' prints its keys):\n"
             "  runs: {fusion: out/demo_fusion, position: out/demo_position}\n"
             "  comparisons:\n"
             "    - {a: fusion, b: position, metrics: [top_1, loss_db]}\n"
             "Of folders alone, every pair is compared by every metric.\n"
             "\n"
             "Examples:\n"
             "  beamcue compare configs/demo_compare.yaml --html comparison.html\n"
             "  beamcue compare out/demo_fusion out/demo_camera out/demo_position \\\n"
             "      --metric top_1 --metric loss_db --html comparison.html\n"
             "\n"
             "Writes only FILE of --html.\n",
    .run = run,
};
