#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const char *foreign = bcue_cli_value(cli, "--predictions"), *unlabelled = bcue_cli_value(cli, "--submit");
    if (foreign != NULL && unlabelled != NULL)
        return bcue_cli_usage(cli, "--predictions and --submit exclude each other");
    const bcue_status status = unlabelled != NULL
                                   ? bcue_submit(cli->operands[0], overrides, count, unlabelled,
                                                 bcue_cli_hooks(cli), &report, &error)
                                   : bcue_evaluate(cli->operands[0], overrides, count, foreign,
                                                   bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--predictions",
     .value = "FILE",
     .help = "score this file of a foreign model instead: CSV or npy with\n"
             "sample id and scores or ranked beams"},
    {.name = "--submit",
     .value = "PATH",
     .help = "answer these recordings without labels (folder or CSV) and\n"
             "score nothing: three beams a row, as challenges take them"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_evaluate = {
    .name = "evaluate",
    .purpose = "score trained models, or a file of predictions, on the test samples",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Every seed is scored on the test part of the split; metrics come with 95 %\n"
             "intervals from a hierarchical bootstrap over episodes and seeds. A split in which\n"
             "test samples leak into training is refused unless split.allow_leak is true.\n"
             "evaluate.missing and evaluate.missing_frames take sensors, or single frames, away.\n"
             "\n"
             "Examples:\n"
             "  beamcue evaluate configs/demo_fusion.yaml\n"
             "  beamcue evaluate configs/demo_fusion.yaml --set out=out/theirs \\\n"
             "      --predictions theirs.csv\n"
             "  beamcue evaluate configs/deepsense31_34.yaml \\\n"
             "      --submit data/Multi_Modal_Test/ml_challenge_test_multi_modal.csv\n"
             "\n"
             "Writes:\n"
             "  OUT/predictions-seedS.csv    one row per sample: label, ranked beams,\n"
             "                               probabilities, power of each\n"
             "  OUT/results.json             the metrics\n"
             "  OUT/report.html              the same as a page\n"
             "  OUT/submission-seedS.csv     with --submit, instead of all these\n",
    .run = run,
};
