/* Pruning a trained model: scores, smaller widths, fine-tuning, phase by phase. */
#ifndef BCUE_COMPRESS_PRUNE_RUN_H
#define BCUE_COMPRESS_PRUNE_RUN_H

#include "compress/prune_choose.h"
#include "compress/prune_score.h"
#include "learn/run_config.h"

enum { BCUE_PRUNE_MOST_PHASES = 4 };

typedef struct bcue_prune_phase {
    const char *name; /* "tokens", "queries, keys, values", ... */
    int64_t parameters, macs;
    double pruned_top1, tuned_top1; /* validation accuracy 0 .. 1 before and after fine-tuning */
    double score_s, tune_s;
} bcue_prune_phase;

typedef struct bcue_prune_result {
    double ratio;
    char *folder, *model_path; /* owned */
    int64_t parameters, macs;  /* of the model that was pruned */
    double top1;               /* its validation accuracy */
    bcue_prune_plan plan;
    bcue_prune_phase phases[BCUE_PRUNE_MOST_PHASES];
    int phase_count;
} bcue_prune_result;

void bcue_prune_result_free(bcue_prune_result *result);

/* "OUT/prune-OF-RATIO", where a share of `run` lies; malloc'd, NULL: no memory. */
char *bcue_prune_folder(const bcue_run_config *run, const char *out, double ratio);

/* Epochs of fine-tuning in all phases of a network of this configuration. */
int64_t bcue_prune_epochs(const bcue_run_config *run, const bcue_model_config *model);

/* One seed, one of run->prune.ratios, starting from the model file `from`. Writes into OUT/prune-OF-RATIO:
   model-seedS.safetensors, history-seedS.csv (of the last phase), config.yaml, with which `beamcue evaluate`
   scores it, shape-seedS.yaml, which trains the same widths from scratch, scores-PHASE-seedS.csv, and in
   phase1, phase2, ... what lies between. */
bcue_status bcue_prune_member(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, bcue_run_member member, double ratio,
                              const char *from, const bcue_hooks *hooks, bcue_prune_result *result,
                              bcue_error *error);

#endif
