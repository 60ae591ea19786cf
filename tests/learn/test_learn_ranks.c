/* Training in several processes: sums in the order of the ranks, and the weights of one process. Run alone it
   sees one rank; a build with MPI also runs it under mpirun. */
#include <stdlib.h>
#include "base/parallel.h"
#include "check.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_ranks"

/* 72 training samples in batches of 30, the last one of 12. */
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/alone\n"
                           "data:\n"
                           "  sources:\n"
                           "    - {format: npy, root: data, prefix: toy}\n"
                           "  beams: 8\n"
                           "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-mlp, hidden: 24, shared_layers: 1}\n"
                           "train:\n"
                           "  epochs: 3\n"
                           "  batch: 30\n"
                           "  loader_threads: 0\n"
                           "  select: last\n"
                           "  optimizer: {kind: sgd, lr: 0.1, momentum: 0.9}\n";

#include "toy_train.h"

static const toy_shape street = {.episodes = 10, .rows = 12, .beams = 8};
static bcue_ranks ranks;
static char folder[256], root[300];

/* Of many sizes; values whose float sum depends on the order. */
static void sums_in_order(void)
{
    static const size_t sizes[] = {1, 2, 3, 1000, 99999};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        float *values = calloc(sizes[s], sizeof *values);
        double *wide = calloc(sizes[s], sizeof *wide);
        CHECK(values != NULL && wide != NULL);
        for (size_t i = 0; values != NULL && wide != NULL && i < sizes[s]; i++) {
            values[i] = (float)(1 + i % 7) * (ranks.rank % 2 == 0 ? 1 : 1e-7F * (float)ranks.rank);
            wide[i] = (double)i + 0.1 * ranks.rank;
        }
        bcue_ranks_sum_f32(&ranks, values, sizes[s]);
        bcue_ranks_sum_f64(&ranks, wide, sizes[s]);
        for (size_t i = 0; values != NULL && wide != NULL && i < sizes[s]; i++) {
            float expected = (float)(1 + i % 7);
            double sum = (double)i;
            for (int r = 1; r < ranks.count; r++) {
                expected += (float)(1 + i % 7) * (r % 2 == 0 ? 1 : 1e-7F * (float)r);
                sum += (double)i + 0.1 * r;
            }
            CHECK(values[i] == expected && wide[i] == sum);
        }
        free(values);
        free(wide);
    }
}

static void shares_cover_everything(void)
{
    for (size_t count = 0; count < 30; count++) {
        const bcue_ranks four = {.count = 4};
        CHECK_INT(bcue_ranks_share(&four, count, 0), 0);
        CHECK_INT(bcue_ranks_share(&four, count, 4), count);
        for (int r = 0; r < 4; r++)
            CHECK(bcue_ranks_share(&four, count, r) <= bcue_ranks_share(&four, count, r + 1));
    }
}

static bcue_status train_on(const char *out, const char *batch, bcue_ranks *with, bcue_error *error)
{
    char set_out[600];
    snprintf(set_out, sizeof set_out, "out=" FOLDER "/%s", out);
    const char *const overrides[] = {set_out, root, batch, NULL};
    toy_run run;
    bcue_training_summary summary = {0};
    bcue_status status = toy_open(folder, yaml, overrides, &run);
    *error = run.error;
    if (status == BCUE_OK)
        status = bcue_train_member_on(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0),
                                      with, NULL, &summary, error);
    bcue_training_summary_free(&summary);
    toy_close(&run);
    return status;
}

static void several_are_as_one(void)
{
    bcue_error error = {""};
    CHECK_OK(train_on("together", "train.batch=30", &ranks, &error), error);
    if (ranks.rank > 0)
        return;
    CHECK_OK(train_on("alone", "train.batch=30", NULL, &error), error);
    bcue_model_file a = read_model(FOLDER "/alone"), b = read_model(FOLDER "/together");
    double worst = 0;
    for (int32_t t = 0; t < a.weights.count; t++)
        for (int64_t k = 0; k < bcue_tensor_count(&a.weights.tensors[t]); k++)
            worst = fmax(worst, fabs((double)((float *)a.weights.tensors[t].data)[k] -
                                     (double)((float *)b.weights.tensors[t].data)[k]));
    CHECK_AT(worst <= (ranks.count > 1 ? 2e-5 : 0), "%g", worst);
    char part[32];
    snprintf(part, sizeof part, "\"ranks\":%d", ranks.count);
    CHECK_CONTAINS(b.training_json, part);
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
}

static void uneven_batches_are_refused(void)
{
    bcue_error error = {""};
    if (ranks.count != 2)
        return;
    CHECK_STATUS(train_on("uneven", "train.batch=9", &ranks, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "cannot be shared evenly by 2 processes");
}

int main(void)
{
    bcue_error error = {""};
    bcue_set_threads(1);
    CHECK_OK(bcue_ranks_open(&ranks, &error), error);
    snprintf(folder, sizeof folder, "%s-%d-of-%d", FOLDER, ranks.rank, ranks.count);
    snprintf(root, sizeof root, "data.sources.0.root=%s", folder);
    toy_write_positions(folder, &street);
    RUN(sums_in_order);
    RUN(shares_cover_everything);
    RUN(several_are_as_one);
    RUN(uneven_batches_are_refused);
    bcue_ranks_close(&ranks, true);
    return check_summary();
}
