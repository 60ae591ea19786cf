#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    return bcue_cli_run_config(cli, bcue_quantise);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_quantise = {
    .name = "quantise",
    .purpose = "make a trained network compute in 8 bits",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Takes the models that 'beamcue train' or 'beamcue prune' made of this configuration\n"
             "(or quantise.model) and finds, on training windows, the range of every layer's\n"
             "input. The scales go into the model file, beside the same weights: where the\n"
             "processor has VNNI or AMX, predict, evaluate and bench then compute in 8 bits,\n"
             "elsewhere in f32 ('beamcue info' says which). Where all layers together lose more\n"
             "DBA on validation windows than quantise.max_loss, the weights are fine-tuned with\n"
             "the rounding (quantise.tune, quantise.epochs); where that is not enough, the layers\n"
             "that cost most when tried alone stay in f32. A machine with neither VNNI nor AMX\n"
             "tries them by rounding in f32; evaluate does so with --set evaluate.rounded=true.\n"
             "docs/models.md says how.\n"
             "\n"
             "Example:\n"
             "  beamcue quantise configs/demo_fusion.yaml\n"
             "  beamcue evaluate out/demo_fusion/int8/config.yaml\n"
             "\n"
             "Writes into OUT/int8: model-seedS.safetensors and config.yaml; what fine-tuning\n"
             "leaves in OUT/int8/tune.\n",
    .run = run,
};
