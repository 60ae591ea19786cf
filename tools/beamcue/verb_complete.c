#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    return bcue_cli_run_config(cli, bcue_complete);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_complete = {
    .name = "complete",
    .purpose = "learn what takes the place of a sensor that is missing",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Trains, for each model that 'beamcue train' made of this configuration (a\n"
             "beamtransfuser), a generator of what the branch of a missing modality would give:\n"
             "a conditional variational auto-encoder of the other branches' vectors, one for\n"
             "every set of missing modalities; complete.target=map makes its input maps instead,\n"
             "both makes both. The model itself stays as it is. Then it scores the model without\n"
             "each modality, with noise, zeros, the mean, what was seen last and what is\n"
             "generated in its place, and writes into the model file which of zero, mean and\n"
             "generated was best on the validation part. Section `complete` of the\n"
             "configuration says how. evaluate.missing=[lidar] then scores the model without a\n"
             "sensor, and 'beamcue predict' uses the stand-in when none of its frames are there.\n"
             "\n"
             "Examples:\n"
             "  beamcue complete configs/demo_four.yaml\n"
             "  beamcue evaluate configs/demo_four.yaml --set evaluate.missing=[lidar]\n"
             "\n"
             "Writes: OUT/model-seedS.safetensors again, with the same weights; OUT/missing.csv.\n",
    .run = run,
};
