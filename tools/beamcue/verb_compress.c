#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    return bcue_cli_run_config(cli, bcue_compress);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_compress = {
    .name = "compress",
    .purpose = "look for a smaller network that answers in time on this machine",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "Takes the model that 'beamcue train' made of this configuration, prunes it to the\n"
             "shares compress.ratios, in f32 and 8 bits, and predicts what every shape takes on\n"
             "this machine from a table of layers, which is timed once (compress.layers). The\n"
             "largest ones that should answer within compress.target_ms are timed as a whole and\n"
             "fine-tuned (compress.tune of them, prune.epochs in each phase, at most\n"
             "compress.budget_hours); how far predictions were off is stated.\n"
             "Candidates are also fewer frames and smaller pictures (compress.frames,\n"
             "compress.pixels), and, as a control, a narrower network of equal latency trained\n"
             "from scratch for as many epochs (compress.dense).\n"
             "The one of highest DBA on the validation samples is chosen, if it loses no more\n"
             "than compress.max_loss, and tested once; plain words say so if there is none. A\n"
             "second call goes on with what is there. p50, p95, p99 and the share of deadlines\n"
             "missed are stated, and the time of a window of new frames.\n"
             "\n"
             "Example:\n"
             "  beamcue compress configs/demo_four.yaml --set compress.target_ms=4\n"
             "\n"
             "Writes into OUT/compress: every candidate, layers.json (or compress.layers), and\n"
             "front.svg.\n",
    .run = run,
};
