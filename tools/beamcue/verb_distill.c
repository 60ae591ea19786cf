#include "beamcue/train.h"
#include "cli.h"

static int run(bcue_cli *cli)
{
    return bcue_cli_run_config(cli, bcue_distill);
}

static const bcue_cli_option options[] = {BCUE_CLI_SET, {.name = NULL}};

const bcue_cli_verb bcue_verb_distill = {
    .name = "distill",
    .purpose = "train a small model with a trained teacher's help",
    .operands = "CONFIG.yaml",
    .least = 1,
    .most = 1,
    .options = options,
    .about = "As 'beamcue train', but the model (the student) also learns from the answers of\n"
             "distill.teacher, a model file. distill.variant says what from: none, its soft\n"
             "answers (kd-mid, kd-end, kd-both), or its relations between the samples of a\n"
             "batch (rkd-mid, rkd-end, rkd-both). The teacher answers every sample once; its\n"
             "answers are kept in distill.cache. Each epoch prints the validation metrics of\n"
             "student and teacher.\n"
             "\n"
             "Example:\n"
             "  beamcue train configs/crkd/teacher_small.yaml\n"
             "  beamcue distill configs/crkd/student.yaml --set distill.variant=rkd-both\n"
             "\n"
             "Writes the files of 'beamcue train', and by default\n"
             "  OUT/teacher-answers.safetensors    what the teacher said\n",
    .run = run,
};
