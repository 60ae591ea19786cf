#include "beamcue/dataset.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status =
        bcue_export_samples(cli->operands[0], overrides, count, bcue_cli_value(cli, "--out"),
                            bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--out", .value = "DIR", .required = true, .help = "folder to write to; made when absent"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_export_samples = {
    .name = "export-samples",
    .purpose = "write samples, labels, power and split for other programs",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "The samples of a training configuration, exactly as 'beamcue train' would see\n"
             "them, as .npy arrays and CSV tables. docs/export.md describes each file and has a\n"
             "reader for PyTorch; what a foreign model then predicts, 'beamcue evaluate\n"
             "--predictions' scores with the same split, metrics and intervals.\n"
             "\n"
             "Example:\n"
             "  beamcue export-samples configs/demo_fusion.yaml --out samples\n"
             "\n"
             "Writes only into DIR.\n",
    .run = run,
};
