#include <stdlib.h>
#include <string.h>

#include "beamcue/train.h"
#include "cli.h"

/* Under mpirun every process comes here; the first one answers for all. */
static void silence_other_ranks(bcue_cli *cli)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (rank == NULL || strcmp(rank, "0") == 0)
        return;
    cli->quiet = true;
    if (freopen("/dev/null", "w", stdout) == NULL)
        cli->json = false;
}

static int run(bcue_cli *cli)
{
    silence_other_ranks(cli);
    return bcue_cli_run_config(cli, bcue_train);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_train = {
    .name = "train",
    .purpose = "train a model on recordings",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "The configuration says which recordings, who trains and who tests, which model\n"
             "and how. 'beamcue help train-config' prints every key with type, range, default\n"
             "and meaning.\n"
             "\n"
             "Example, five seeds of the camera + position model:\n"
             "  beamcue train configs/demo_fusion.yaml --set seeds=5\n"
             "\n"
             "Writes, where OUT is the key 'out' (out/NAME by default):\n"
             "  OUT/config.yaml                the configuration as it was used\n"
             "  OUT/model-seedS.safetensors    the model of seed S\n"
             "  OUT/history-seedS.csv          loss and accuracy of every epoch\n"
             "  OUT/metrics-seedS.jsonl        the same, one JSON object per line\n"
             "Ctrl-C leaves a checkpoint in OUT, and a crash the last one that was due\n"
             "(train.checkpoint_minutes), beside the best model so far; the same command with\n"
             "--set train.resume=true goes on from it and ends in the same weights. A batch that\n"
             "makes the loss no number ends the run and is written to OUT.\n",
    .run = run,
};
