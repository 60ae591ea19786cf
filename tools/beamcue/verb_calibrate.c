#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    return bcue_cli_run_config(cli, bcue_calibrate);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_calibrate = {
    .name = "calibrate",
    .purpose = "learn how far a model's probabilities can be believed",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Runs the models that 'beamcue train' made of this configuration on the validation\n"
             "episodes (calibrate.part) and writes into each model file a temperature for its\n"
             "probabilities, and thresholds: how many beams have to be probed so that a right\n"
             "one is among them in 80, 90, 95 % of the samples of a new episode\n"
             "(calibrate.coverage). A network of several sensors is calibrated for each missing\n"
             "and each held one, too (calibrate.most_missing, hold_rows), with what the model\n"
             "file says stands in for it. 'beamcue predict' then says how many to probe,\n"
             "'beamcue evaluate' how far the promise holds on the test episodes.\n"
             "docs/evaluation.md has the method; the promise is for episodes of the same kind,\n"
             "not for other streets.\n"
             "\n"
             "Examples:\n"
             "  beamcue calibrate configs/demo_fusion.yaml\n"
             "  beamcue evaluate configs/demo_fusion.yaml\n"
             "\n"
             "Writes: OUT/model-seedS.safetensors again, with the same weights.\n",
    .run = run,
};
