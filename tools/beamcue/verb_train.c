#include <errno.h>
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

enum { MOST_SHOTS = 32 };

/* Rising numbers with commas between. */
static int read_shots(const bcue_cli *cli, size_t *shots, size_t *count)
{
    const char *text = bcue_cli_value(cli, "--shots");
    text = text != NULL ? text : "0,20,50,100,200";
    for (*count = 0;; text++) {
        char *end;
        errno = 0;
        const long number = strtol(text, &end, 10);
        const bool one = end != text && errno == 0 && (*end == ',' || *end == '\0');
        const bool rising = one && (*count == 0 ? number == 0 || number > 1
                                                : number > 1 && (size_t)number > shots[*count - 1]);
        if (!rising || *count == MOST_SHOTS || number > 1000000000)
            return bcue_cli_usage(cli, "--shots needs rising numbers like 0,20,50, not '%s'",
                                  bcue_cli_value(cli, "--shots"));
        shots[(*count)++] = (size_t)number;
        if (*end == '\0')
            return BCUE_EXIT_DONE;
        text = end;
    }
}

static int run_adapt(bcue_cli *cli)
{
    const char *init = bcue_cli_value(cli, "--init"), *data = bcue_cli_value(cli, "--data");
    size_t shots[MOST_SHOTS], shot_count, count;
    bcue_report *report = NULL;
    bcue_error error = {""};
    if (init == NULL || data == NULL)
        return bcue_cli_usage(cli, "--init and --data go together: --init MODEL --data SITE");
    if (cli->operand_count > 0)
        return bcue_cli_usage(cli, "--init takes its recipe from the model; it takes no CONFIG.yaml");
    const int usage = read_shots(cli, shots, &shot_count);
    if (usage != BCUE_EXIT_DONE)
        return usage;
    const char *const *overrides = bcue_cli_values(cli, "--set", &count);
    const bcue_status status =
        bcue_adapt(init, data, shots, shot_count, overrides, count, bcue_cli_hooks(cli), &report, &error);
    return bcue_cli_finish_call(cli, status, report, &error);
}

static int run(bcue_cli *cli)
{
    silence_other_ranks(cli);
    if (bcue_cli_flag(cli, "--init") || bcue_cli_flag(cli, "--data"))
        return run_adapt(cli);
    if (bcue_cli_flag(cli, "--shots"))
        return bcue_cli_usage(cli, "--shots goes with --init and --data");
    if (cli->operand_count == 0)
        return bcue_cli_usage(cli, "%s is missing", "CONFIG.yaml");
    return bcue_cli_run_config(cli, bcue_train);
}

static const bcue_cli_option options[] = {
    BCUE_CLI_SET,
    {.name = "--init", .value = "MODEL", .help = "instead, adapt this trained network to the site of --data"},
    {.name = "--data", .value = "SITE", .help = "site.yaml, or a folder with one (docs/site.md)"},
    {.name = "--shots",
     .value = "K,K,...",
     .help = "with the first so many recorded samples; default 0,20,50,100,200"},
    {.name = NULL}};

const bcue_cli_verb bcue_verb_train = {
    .name = "train",
    .purpose = "train a model on recordings",
    .operands = "CONFIG.yaml",
    .least = 0,
    .most = 1,
    .options = options,
    .about = "The configuration says which recordings, who trains and who tests, which model\n"
             "and how. 'beamcue help train-config' prints every key with type, range, default\n"
             "and meaning.\n"
             "\n"
             "Example, five seeds of the camera + position model:\n"
             "  beamcue train configs/demo_fusion.yaml --set seeds=5\n"
             "\n"
             "With --init and --data a network that is trained already is adapted to another\n"
             "site: what it sees comes from its file, and it is trained on with the first 20,\n"
             "50, ... samples of the site and scored on later episodes, the same for all. A\n"
             "codebook that differs is refused. Writes OUT/adapt.html (gain against samples),\n"
             "OUT/adapt.csv, OUT/adapt.yaml and OUT/shots-K/; OUT is out/adapted_SITE.\n"
             "  beamcue train --init out/demo_radar/model-seed1.safetensors --data site.yaml\n"
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
