#include "beamcue/dataset.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    size_t count;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = bcue_info(cli->operands[0], overrides, count, &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_info = {
    .name = "info",
    .purpose = "describe a model file, a configuration or a scenario folder",
    .operands = "FILE|DIR",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Of a model: layers, parameters by branch, multiply-accumulates, memory, inputs\n"
             "and how they are prepared, and where and how it was trained. Of a configuration:\n"
             "the model that it would train. Of a scenario folder: what it holds.\n"
             "\n"
             "Examples:\n"
             "  beamcue info out/demo_fusion/model-seed1.safetensors\n"
             "  beamcue info configs/beamtransfuser.yaml --set model.preset=small\n"
             "\n"
             "Writes nothing.\n",
    .run = run,
};
