/* Training and scoring models on recordings, as a configuration says. */
#ifndef BEAMCUE_TRAIN_H
#define BEAMCUE_TRAIN_H

#include <stddef.h>
#include "beamcue/hooks.h"
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All calls here: `config_path` is a YAML file (docs/configuration.md), `overrides` are `override_count`
   texts "key.sub=value" that win over it (NULL, 0: none); `hooks` may be NULL. On success *report is owned by
   the caller until bcue_report_destroy. Errors: BCUE_ERROR_CONFIG (file:line and what was expected),
   BCUE_ERROR_IO, BCUE_ERROR_FORMAT, BCUE_ERROR_DATA (the sentence says what to change), BCUE_ERROR_CANCELLED,
   BCUE_ERROR_MEMORY. They use at most the threads that the configuration allows (one for networks too small
   to gain from more); run one at a time in a process. */

/* Train every seed (and fold): writes OUT/config.yaml, OUT/model-seed*.safetensors and OUT/history-seed*.csv.
   Cancelled: a checkpoint lies in OUT and "train.resume=true" goes on from it, ending in the same weights. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_train(const char *config_path, const char *const *overrides,
                                                  size_t override_count, const bcue_hooks *hooks,
                                                  bcue_report **report, bcue_error *error);
/* Adapt the trained network of the file `init` to the site of a site.yaml (beamcue/site.h; or the folder of
   one), which names its recordings: for each of `shot_count` rising numbers of `shots` (2 and more; 0 may
   come first and is always among them), train on with the first so many labelled samples, and score on the
   episodes after the most of them. What the network sees and how comes from its file; `overrides` win over
   the keys of a run configuration (train, seeds, out, ...). Writes OUT/adapt.yaml,
   OUT/shots-K/model-seed*.safetensors, OUT/adapt.csv and OUT/adapt.html. BCUE_ERROR_DATA for a model without
   weights, another codebook, and a model that was trained on these recordings. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_adapt(const char *init, const char *site_path,
                                                  const size_t *shots, size_t shot_count,
                                                  const char *const *overrides, size_t override_count,
                                                  const bcue_hooks *hooks, bcue_report **report,
                                                  bcue_error *error);
/* Make the trained models smaller (section `prune`), and train what is left on: for every seed and every
   share of the parameters writes OUT/prune-OF-RATIO/model-seed*.safetensors, and beside it config.yaml, with
   which bcue_evaluate scores them. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_prune(const char *config_path, const char *const *overrides,
                                                  size_t override_count, const bcue_hooks *hooks,
                                                  bcue_report **report, bcue_error *error);
/* The same for a student with the trained teacher of the key distill.teacher, whose answers are computed once
   and kept in a file (distill.cache). BCUE_ERROR_DATA also where that file holds another teacher's answers.
 */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_distill(const char *config_path, const char *const *overrides,
                                                    size_t override_count, const bcue_hooks *hooks,
                                                    bcue_report **report, bcue_error *error);
/* Learn on the validation part (section `calibrate`) how far the probabilities of the trained models can be
   believed, and write it into OUT/model-seed*.safetensors: a temperature, and thresholds for sets of beams.
 */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_calibrate(const char *config_path, const char *const *overrides,
                                                      size_t override_count, const bcue_hooks *hooks,
                                                      bcue_report **report, bcue_error *error);
/* Make the trained models compute in 8 bits where the processor has VNNI or AMX (section `quantise`): writes
   OUT/int8/model-seed*.safetensors, the same weights with the scales of their layers' inputs, found on
   training windows, and OUT/int8/config.yaml, with which bcue_evaluate scores them. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_quantise(const char *config_path, const char *const *overrides,
                                                     size_t override_count, const bcue_hooks *hooks,
                                                     bcue_report **report, bcue_error *error);
/* Look for a smaller network of the first seed's model that answers within compress.target_ms on this
   machine: pruned shapes in f32 and 8 bits are timed, the most promising fine-tuned, one chosen on the
   validation samples and tested. Writes into OUT/compress; a second call goes on with what is there. BCUE_OK
   also when none fits: the report says so ("chosen" is null). */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_compress(const char *config_path, const char *const *overrides,
                                                     size_t override_count, const bcue_hooks *hooks,
                                                     bcue_report **report, bcue_error *error);
/* Train, for trained models of several modalities (section `complete`), a generator of what the branch of a
   missing one would give, measure it beside simpler stand-ins, and write it and the best of them for every
   set of missing modalities into OUT/model-seed*.safetensors; OUT/missing.csv has the numbers. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_complete(const char *config_path, const char *const *overrides,
                                                     size_t override_count, const bcue_hooks *hooks,
                                                     bcue_report **report, bcue_error *error);
/* Score the trained models on the test part: writes OUT/predictions-seed*.csv, OUT/results.json,
   OUT/report.html. `predictions_path` (or NULL): score this file of a foreign model instead
   (docs/evaluation.md). */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_evaluate(const char *config_path, const char *const *overrides,
                                                     size_t override_count, const char *predictions_path,
                                                     const bcue_hooks *hooks, bcue_report **report,
                                                     bcue_error *error);
/* Answer recordings without labels, as a challenge wants it: `source_path` is their folder or CSV and takes
   the place of data.sources. Writes OUT/submission-seed*.csv: index (from 0), "top-1 beam" to "top-3 beam"
   (from 1), a row for every row of the table. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_submit(const char *config_path, const char *const *overrides,
                                                   size_t override_count, const char *source_path,
                                                   const bcue_hooks *hooks, bcue_report **report,
                                                   bcue_error *error);
/* Does A beat B? `folders` are `folder_count` (>= 2) OUT folders of bcue_evaluate on the same test samples;
   every pair is compared by `metrics` ("top_1"; `metric_count` 0: top_1, loss_db and dba), decided together
   by Holm's procedure. `html_path` (or NULL): write a page. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_compare_runs(const char *const *folders, size_t folder_count,
                                                         const char *const *metrics, size_t metric_count,
                                                         const char *html_path, const bcue_hooks *hooks,
                                                         bcue_report **report, bcue_error *error);
/* The same for the comparisons that a YAML file lists (docs/evaluation.md), which is how they are fixed
   before the results are there. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_compare_listed(const char *config_path, const char *html_path,
                                                           const bcue_hooks *hooks, bcue_report **report,
                                                           bcue_error *error);
/* Every key of such a file, as bcue_train_config_help. */
BCUE_API char *bcue_compare_config_help(void);
/* Every key of a configuration with type, range, default and meaning, as commented YAML. malloc'd: the caller
 * frees. NULL: out of memory. */
BCUE_API char *bcue_train_config_help(void);

#ifdef __cplusplus
}
#endif
#endif
