#include "beamcue/dataset.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    bcue_report *report = NULL;
    bcue_error error = {""};
    const bcue_status status = bcue_info(cli->operands[0], &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static const bcue_cli_option options[] = {{.name = NULL}};

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
             "Example:\n"
             "  beamcue info out/demo_fusion/model-seed1.safetensors\n"
             "\n"
             "Writes nothing.\n",
    .run = run,
};
