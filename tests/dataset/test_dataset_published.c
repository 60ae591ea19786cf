/* The splits of published protocols: augmented copies, paper A's 90/10 rows, unseen scenarios. */
#include "check.h"
#include "open_text.h"

#include "base/memory.h"
#include "fabricate.h"
#include "formats/npy.h"

enum { BEAMS = 4 };

static void write_array(const char *name, size_t rows, size_t columns, double *values)
{
    bcue_error error;
    const bcue_npy array = {.type = BCUE_NPY_F64,
                            .rank = columns > 1 ? 2 : 1,
                            .shape = {rows, columns},
                            .count = rows * columns,
                            .data = values};
    fabricate_text(name, "makes the folder");
    char *path = bcue_path_join(fabricate_root, name);
    CHECK_OK(bcue_npy_write(path, &array, &error), error);
    free(path);
}

/* Arrays PREFIX_...: `rows` rows in sequences of ten. Every power vector is its own, as measurements are. */
static void make_arrays(const char *prefix, size_t rows)
{
    char name[64];
    double *power = bcue_calloc(rows * BEAMS, sizeof *power), *sequence = bcue_calloc(rows, sizeof *sequence);
    for (size_t i = 0; i < rows; i++) {
        for (size_t b = 0; b < BEAMS; b++)
            power[i * BEAMS + b] = (b == i % BEAMS ? 1.0 : 0.1) + 1e-6 * (double)i + 1e-9 * (double)prefix[9];
        sequence[i] = (double)(i / 10 + 1);
    }
    snprintf(name, sizeof name, "%s_unit1_pwr_60ghz.npy", prefix);
    write_array(name, rows, BEAMS, power);
    snprintf(name, sizeof name, "%s_seq_index.npy", prefix);
    write_array(name, rows, 1, sequence);
    free(power);
    free(sequence);
}

static bcue_status open_arrays(const char *split, test_opened *t)
{
    static char yaml[3000];
    snprintf(
        yaml, sizeof yaml,
        "data: {beams: 4, sources: [{format: npy, root: \"%s\", prefix: scenario32}, {format: npy, root: "
        "\"%s\", prefix: scenario31, copies: 47}]}\nsplit: {%s}\n",
        fabricate_root, fabricate_root, split);
    return test_open(yaml, NULL, t);
}

static size_t copies_in(const bcue_dataset *dataset, const size_t *samples, size_t count)
{
    size_t copies = 0;
    for (size_t i = 0; i < count; i++)
        copies += bcue_dataset_sample(dataset, samples[i])->copy > 0;
    return copies;
}

/* The published counts: 11,143 development and 100 adaptation rows, 47 copies of the latter, 1,595 that
 * validate. */
static void test_paper_a(void)
{
    test_opened t;
    bcue_split split;
    fabricate_begin("published");
    make_arrays("scenario32", 11143);
    make_arrays("scenario31", 100);
    CHECK_OK(open_arrays("kind: paper-a, train: 0.9, validation: 0.1, test: 0, allow_leak: true", &t),
             t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), 15943);
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(split.train_count, 14348);
    CHECK_INT(split.test_count, 1595);
    CHECK_INT(split.validation_count, 1595);
    CHECK(memcmp(split.test, split.validation, split.test_count * sizeof *split.test) == 0);
    const size_t tested = copies_in(t.dataset, split.test, split.test_count);
    CHECK_INT(tested + copies_in(t.dataset, split.train, split.train_count), 4700);
    CHECK_AT(tested > 400 && tested < 540, "%zu of 4,700 copies tested", tested); /* 470 +- 3.4 deviations */
    CHECK_AT(split.leak.augmented > (int64_t)(0.99 * (double)tested), "%lld",
             (long long)split.leak.augmented);
    bcue_split_free(&split);
    t.config.split.allow_leak = false;
    CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "copies:");
    test_close(&t);
}

/* Elsewhere copies train or are left out, and shares are those of recordings. */
static void test_copies_only_train(void)
{
    test_opened t;
    bcue_split split;
    fabricate_begin("published_episode");
    make_arrays("scenario32", 200);
    make_arrays("scenario31", 100);
    CHECK_OK(open_arrays("kind: episode, train: 0.5, validation: 0.2, test: 0.3", &t), t.error);
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(copies_in(t.dataset, split.test, split.test_count), 0);
    CHECK_INT(copies_in(t.dataset, split.validation, split.validation_count), 0);
    CHECK_INT(split.test_count, 90);
    CHECK_INT(split.validation_count, 60);
    size_t originals = 0;
    for (size_t i = 0; i < split.train_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(t.dataset, split.train[i]);
        originals += sample->source == 1 && sample->copy == 0;
    }
    CHECK_INT(copies_in(t.dataset, split.train, split.train_count), 47 * originals);
    CHECK(originals > 0 && originals < 100);
    CHECK_INT(split.leak.augmented, 0);
    bcue_split_free(&split);
    test_close(&t);
}

static void test_unseen_scenario(void)
{
    test_opened t;
    bcue_split split;
    fabricate_begin("published_scenario");
    make_arrays("scenario32", 200);
    make_arrays("scenario31", 100);
    CHECK_OK(open_arrays("kind: scenario, test_scenarios: [31], train: 0.8, validation: 0.1, test: 0.1", &t),
             t.error);
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(split.test_count, 100);
    CHECK_INT(split.train_count, 180);
    CHECK_INT(split.validation_count, 20);
    for (size_t i = 0; i < split.test_count; i++)
        CHECK_INT(bcue_dataset_sample(t.dataset, split.test[i])->scenario, 31);
    bcue_split_free(&split);
    t.config.split.test_scenarios.count = 0;
    CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "test_scenarios");
    test_close(&t);
    CHECK_OK(open_arrays("kind: scenario, test_scenarios: [33]", &t), t.error);
    CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "matches no labelled sample");
    test_close(&t);
    CHECK_OK(open_arrays("kind: scenario, test_scenarios: [31, 32]", &t), t.error);
    CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "takes all");
    test_close(&t);
}

int main(void)
{
    RUN(test_paper_a);
    RUN(test_copies_only_train);
    RUN(test_unseen_scenario);
    return check_summary();
}
