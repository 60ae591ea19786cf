#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    return bcue_cli_run_config(cli, bcue_prune);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_prune = {
    .name = "prune",
    .purpose = "make a trained network smaller, and train what is left on",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Takes the models that 'beamcue train' made of this configuration (or prune.model)\n"
             "and leaves the shares prune.ratios of their parameters: what each channel,\n"
             "attention dimension and neuron is worth is measured on training windows, the\n"
             "cheapest go phase by phase, and each phase ends with prune.epochs of training.\n"
             "Matrices really become smaller, so parameters, arithmetic, file and time fall.\n"
             "'beamcue help train-config' lists the keys of prune; docs/models.md says how.\n"
             "\n"
             "Example:\n"
             "  beamcue prune configs/beamtransfuser.yaml --set 'prune.ratios=[0.7, 0.5]'\n"
             "  beamcue evaluate out/beamtransfuser/prune-total-0.5/config.yaml\n"
             "\n"
             "Writes into OUT/prune-OF-RATIO: the model, its configuration, the scores, and the\n"
             "models between the phases.\n",
    .run = run,
};
