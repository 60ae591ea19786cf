/* Scoring the validation samples after an epoch, and keeping the best weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "learn/trainer_internal.h"
#include "metrics/metric.h"

enum { DBA_BEAMS = 3 };

/* Mean cross-entropy and top-1 of logits (ties: the lower index answers). */
static void score_logits(const bcue_trainer *trainer, double *loss, double *top1)
{
    const int64_t beams = trainer->inputs.beams;
    double loss_sum = 0, hits = 0;
    for (size_t i = 0; i < trainer->split.validation_count; i++) {
        const float *scores = trainer->validation_scores + i * (size_t)beams;
        const int32_t label = bcue_dataset_sample(trainer->dataset, trainer->split.validation[i])->label;
        int64_t best = 0;
        for (int64_t b = 1; b < beams; b++)
            best = scores[b] > scores[best] ? b : best;
        double sum = 0;
        for (int64_t b = 0; b < beams; b++)
            sum += exp((double)scores[b] - (double)scores[best]);
        loss_sum += log(sum) + (double)scores[best] - (double)scores[label];
        hits += best == label;
    }
    *loss = loss_sum / (double)trainer->split.validation_count;
    *top1 = hits / (double)trainer->split.validation_count;
}

/* The best `count` beams of a row, equal scores by beam number. */
static void rank_first(const float *scores, int64_t beams, int32_t count, int32_t *ranked)
{
    for (int32_t k = 0; k < count; k++) {
        int64_t best = -1;
        for (int64_t b = 0; b < beams; b++) {
            bool taken = false;
            for (int32_t j = 0; j < k; j++)
                taken = taken || ranked[j] == b;
            if (!taken && (best < 0 || scores[b] > scores[best]))
                best = b;
        }
        ranked[k] = (int32_t)best;
    }
}

/* Distance-based accuracy, or -1 where beam numbers are no angles. */
static bcue_status score_dba(const bcue_trainer *trainer, double *dba, bcue_error *error)
{
    const size_t rows = trainer->split.validation_count;
    const int64_t beams = trainer->inputs.beams;
    *dba = -1;
    if (!trainer->run->data.index_monotone || beams < DBA_BEAMS)
        return BCUE_OK;
    int32_t *ranked = bcue_calloc(rows, DBA_BEAMS * sizeof *ranked),
            *label = bcue_calloc(rows, sizeof *label);
    bcue_status status =
        ranked == NULL || label == NULL ? bcue_fail_memory(error, "the validation") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < rows; i++) {
        label[i] = bcue_dataset_sample(trainer->dataset, trainer->split.validation[i])->label;
        rank_first(trainer->validation_scores + i * (size_t)beams, beams, DBA_BEAMS, ranked + i * DBA_BEAMS);
    }
    const bcue_scored_set set = {.rows = rows,
                                 .beams = (int32_t)beams,
                                 .ranked_count = DBA_BEAMS,
                                 .ranked = ranked,
                                 .label = label,
                                 .index_monotone = true};
    if (status == BCUE_OK)
        status = bcue_metric_compute(&set, (bcue_metric){.kind = BCUE_METRIC_DBA}, dba, NULL, error);
    free(ranked);
    free(label);
    return status;
}

/* Mean percentile rank and mean dB below the best beam of the validation samples with powers; -1: none has.
 */
static void score_power(const bcue_trainer *trainer, const float *all, bcue_history_row *row)
{
    const size_t beams = (size_t)trainer->inputs.beams;
    double percentile = 0, below = 0, rows = 0;
    for (size_t i = 0; i < trainer->split.validation_count; i++) {
        const double *power = bcue_dataset_sample(trainer->dataset, trainer->split.validation[i])->power;
        int32_t answer;
        rank_first(all + i * beams, (int64_t)beams, 1, &answer);
        if (power == NULL)
            continue;
        double most = 0, stronger = 0;
        for (size_t b = 0; b < beams; b++) {
            most = power[b] > most ? power[b] : most;
            stronger += power[b] > power[answer];
        }
        const double ratio = fmax(power[answer] / most, pow(10, -BCUE_LOSS_LIMIT_DB / 10));
        percentile += ((double)beams - stronger) / (double)beams;
        below -= 10 * log10(ratio);
        rows++;
    }
    row->validation_mpr = rows > 0 ? percentile / rows : -1;
    row->validation_below_db = rows > 0 ? below / rows : -1;
}

void bcue_trainer_score_teacher(bcue_trainer *trainer)
{
    const bcue_teacher_outputs *teacher = &trainer->distiller.teacher;
    const size_t beams = (size_t)trainer->inputs.beams;
    for (size_t i = 0; i < trainer->split.validation_count; i++)
        memcpy(trainer->validation_scores + i * beams, teacher->end + trainer->split.validation[i] * beams,
               beams * sizeof *teacher->end);
    trainer->teacher_row = (bcue_history_row){.validation_mpr = -1};
    if (trainer->split.validation_count == 0)
        return;
    score_logits(trainer, &trainer->teacher_row.validation_loss, &trainer->teacher_row.validation_top1);
    score_power(trainer, trainer->validation_scores, &trainer->teacher_row);
}

const bcue_weights *bcue_trainer_kept_weights(const bcue_trainer *trainer)
{
    return trainer->state.ema.count > 0 ? &trainer->state.ema : &trainer->state.weights;
}

/* Each rank scores its part; the rest of its scores is 0, so that the sum is all of them. */
static bcue_status score_shared(bcue_trainer *trainer, bcue_error *error)
{
    const size_t count = trainer->split.validation_count, beams = (size_t)trainer->inputs.beams;
    const size_t begin = bcue_ranks_share(trainer->ranks, count, trainer->ranks->rank),
                 end = bcue_ranks_share(trainer->ranks, count, trainer->ranks->rank + 1);
    memset(trainer->validation_scores, 0, count * beams * sizeof *trainer->validation_scores);
    if (end > begin)
        BCUE_TRY(bcue_scorer_run(trainer->scorer, trainer->split.validation + begin, end - begin,
                                 trainer->validation_scores + begin * beams, error));
    bcue_ranks_sum_f32(trainer->ranks, trainer->validation_scores, count * beams);
    return BCUE_OK;
}

bcue_status bcue_trainer_validate(bcue_trainer *trainer, bcue_history_row *row, bcue_error *error)
{
    row->validation_loss = row->validation_top1 = 0;
    row->validation_dba = row->validation_mpr = row->validation_below_db = -1;
    if (trainer->split.validation_count == 0)
        return BCUE_OK;
    BCUE_TRY(score_shared(trainer, error));
    score_logits(trainer, &row->validation_loss, &row->validation_top1);
    if (!isfinite(row->validation_loss))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the validation loss is not a number after epoch %lld; lower train.optimizer.lr",
                         (long long)trainer->state.epoch + 1);
    score_power(trainer, trainer->validation_scores, row);
    return score_dba(trainer, &row->validation_dba, error);
}

void bcue_trainer_keep_if_best(bcue_trainer *trainer, const bcue_history_row *row)
{
    bcue_train_state *state = &trainer->state;
    double metric = (double)row->epoch;
    if (trainer->split.validation_count > 0) {
        switch ((bcue_select_rule)trainer->run->train.select) {
        case BCUE_SELECT_TOP1:
            metric = row->validation_top1;
            break;
        case BCUE_SELECT_LOSS:
            metric = -row->validation_loss;
            break;
        case BCUE_SELECT_DBA:
            metric = row->validation_dba;
            break;
        case BCUE_SELECT_MPR:
            metric = row->validation_mpr;
            break;
        case BCUE_SELECT_BELOW: /* without powers: -1 for every epoch */
            metric = row->validation_below_db < 0 ? -1 : -row->validation_below_db;
            break;
        case BCUE_SELECT_LAST:
            break;
        }
    }
    if (metric <= state->best_metric)
        return;
    state->best_metric = metric;
    state->best_epoch = row->epoch;
    const bcue_weights *kept = bcue_trainer_kept_weights(trainer);
    for (int32_t i = 0; i < kept->count; i++)
        memcpy(state->best.tensors[i].data, kept->tensors[i].data, bcue_tensor_size(&kept->tensors[i]));
}
