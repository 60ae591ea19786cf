/* Real DeepSense 6G recordings, where they lie beside the project. */
#include "check.h"
#include "open_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define REAL BCUE_SOURCE_DIR "/../shared/realdata"
#define SCENARIO5 REAL "/deepsense_scenario5"
#define OFFICIAL SCENARIO5 "/published_vision_position_csv/img_pos_beam/scenario5_img_pos_beam_"

static const char scenario5_yaml[] = "data:\n"
                                     "  sources:\n"
                                     "    - name: scenario5\n"
                                     "      root: " SCENARIO5 "\n"
                                     "      csv: scenario5.csv\n";

static void test_position_arrays(void)
{
    static const int rows[] = {2422, 2974, 1487, 1867, 2300, 915};
    static const int episodes[] = {29, 33, 52, 72, 29, 12};
    if (!bcue_path_is_dir(REAL "/deepsense_position"))
        SKIP("no recordings at %s", REAL);
    for (int s = 0; s < 6; s++) {
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "data: {sources: [{format: npy, root: %s/deepsense_position, prefix: scenario%d}]}\n"
                 "split: {kind: paper-random, train: 0.81, validation: 0, test: 0.19, seed: 3, allow_leak: "
                 "true}\n",
                 REAL, s + 1);
        test_opened t;
        CHECK_OK(test_open(yaml, NULL, &t), t.error);
        if (t.dataset != NULL) {
            CHECK_INT(bcue_dataset_count(t.dataset), rows[s]);
            CHECK_INT(bcue_dataset_episodes(t.dataset), episodes[s]);
            const bcue_sample *first = bcue_dataset_sample(t.dataset, 0);
            CHECK(first->label >= 0 && first->power != NULL && !isnan(first->fix[0]) &&
                  !isnan(first->rsu_fix[0]));
            bcue_split split;
            CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
            CHECK_INT(split.train_count, (size_t)nearbyint(0.81 * rows[s]));
            CHECK_INT(split.validation_count, 0);
            CHECK_INT(split.train_count + split.test_count, rows[s]);
            CHECK(split.leak.percent > 90);
            CHECK_INT(split.leak.augmented, 0);
            bcue_split_free(&split);
            t.config.split.allow_leak = false;
            CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error),
                         BCUE_ERROR_CONFIG);
            CHECK_CONTAINS(t.error.text, "allow_leak");
        }
        test_close(&t);
    }
}

/* The corrected positions of scenarios 3 and 4 are the ones that are used. */
static void test_calibrated_position(void)
{
    if (!bcue_path_is_dir(REAL "/deepsense_position"))
        SKIP("no recordings at %s", REAL);
    test_opened t;
    CHECK_OK(test_open("data: {sources: [{format: npy, root: " REAL
                       "/deepsense_position, prefix: scenario3}]}",
                       NULL, &t),
             t.error);
    if (t.dataset != NULL)
        CHECK_NEAR(bcue_dataset_sample(t.dataset, 0)->fix[0], 33.41815517, 5e-9);
    test_close(&t);
}

/* The arrays of scenario 5 and its standard tree are the same measurements with the beam axis reversed. */
static void test_reversed_beams(void)
{
    if (!bcue_path_is_dir(SCENARIO5) || !bcue_path_is_dir(REAL "/deepsense_position"))
        SKIP("no recordings at %s", REAL);
    test_opened tree, arrays;
    CHECK_OK(test_open(scenario5_yaml, NULL, &tree), tree.error);
    CHECK_OK(test_open("data: {sources: [{format: npy, root: " REAL
                       "/deepsense_position, prefix: scenario5, reverse_beams: true}]}",
                       NULL, &arrays),
             arrays.error);
    int differ = 0;
    for (size_t i = 0; tree.dataset != NULL && arrays.dataset != NULL && i < bcue_dataset_count(tree.dataset);
         i++)
        differ +=
            bcue_dataset_sample(tree.dataset, i)->label != bcue_dataset_sample(arrays.dataset, i)->label;
    CHECK_INT(differ, 0);
    test_close(&tree);
    test_close(&arrays);
}

static void test_scenario5(void)
{
    if (!bcue_path_is_dir(SCENARIO5))
        SKIP("no recordings at %s", SCENARIO5);
    test_opened t;
    CHECK_OK(test_open(scenario5_yaml, NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    const bcue_defects *defects = bcue_dataset_defects(t.dataset);
    CHECK_INT(defects->rows, 2300);
    CHECK_INT(defects->samples, 2300);
    CHECK_INT(defects->missing_file[BCUE_CAMERA], 219);
    CHECK_INT(defects->missing_file[BCUE_GPS], 0);
    CHECK_INT(defects->label_mismatch, 0);
    CHECK_INT(defects->index_base_mixed, 0);
    CHECK_INT(defects->nan_power + defects->zero_power + defects->no_power + defects->no_label, 0);
    CHECK_INT(bcue_dataset_episodes(t.dataset), 29);
    const bcue_sample *sample = bcue_dataset_sample(t.dataset, 0);
    CHECK_STR(sample->id, "scenario5/1");
    CHECK_STR(sample->file[BCUE_CAMERA][0], "unit1/camera_data/mask_1406.jpg");
    CHECK_INT(sample->label, 59);
    CHECK_NEAR(sample->rsu_fix[0], 33.420693055555, 1e-9);
    CHECK(bcue_dataset_sample(t.dataset, 387)->file[BCUE_CAMERA][0] == NULL);
    test_close(&t);
}

static void test_published_split(void)
{
    if (!bcue_path_is_dir(SCENARIO5))
        SKIP("no recordings at %s", SCENARIO5);
    char yaml[2048];
    snprintf(yaml, sizeof yaml,
             "%s  beam_step: 2\n"
             "split:\n  kind: official\n  train_csv: %strain.csv\n  validation_csv: %sval.csv\n  test_csv: "
             "%stest.csv\n"
             "  match_column: unit1_rgb\n  match_with: original_rgb\n  allow_leak: true\n",
             scenario5_yaml, OFFICIAL, OFFICIAL, OFFICIAL);
    test_opened t;
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    CHECK_INT(bcue_dataset_beams(t.dataset), 32);
    CHECK_INT(bcue_dataset_sample(t.dataset, 0)->label,
              29); /* scenario5_joined.csv: 32-beam label 30, 1-based */
    bcue_split split;
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(split.train_count, 1380);
    CHECK_INT(split.validation_count, 690);
    CHECK_INT(split.test_count, 230);
    CHECK_INT(split.leak.shared_frames, 0);
    CHECK_INT(split.leak.adjacent_rows, 201); /* 87.4 % of 230 have a training neighbour one image away */
    CHECK_INT(split.leak.near_in_time, 230);
    CHECK_NEAR(split.leak.percent, 100, 1e-12);
    int with_image = 0;
    for (size_t i = 0; i < split.test_count; i++)
        with_image += bcue_dataset_sample(t.dataset, split.test[i])->file[BCUE_CAMERA][0] != NULL;
    CHECK_INT(with_image, 203);
    bcue_split_free(&split);
    test_close(&t);

    snprintf(yaml, sizeof yaml,
             "%ssplit: {kind: official, train_csv: %s/scenario5_dev_train.csv, validation_csv: "
             "%s/scenario5_dev_val.csv, test_csv: "
             "%s/scenario5_dev_test.csv, match_column: unit1_pwr_1, match_with: unit1_pwr_60ghz, allow_leak: "
             "true}\n",
             scenario5_yaml, SCENARIO5, SCENARIO5, SCENARIO5);
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(split.train_count, 1584);
    CHECK_INT(split.validation_count, 399);
    CHECK_INT(split.test_count, 317);
    bcue_split_free(&split);
    test_close(&t);
}

/* Over the folds every episode is tested once, and no test sample has a training sample of its episode. */
static void test_folds(void)
{
    if (!bcue_path_is_dir(SCENARIO5))
        SKIP("no recordings at %s", SCENARIO5);
    test_opened t;
    CHECK_OK(test_open(scenario5_yaml, NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    int tested[2300] = {0};
    t.config.split.folds = 5;
    for (int fold = 0; fold < 5; fold++) {
        t.config.split.fold = fold;
        bcue_split split;
        CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
        CHECK_INT(split.train_count + split.validation_count + split.test_count, 2300);
        CHECK_AT(split.validation_count > 115 && split.validation_count < 345, "validation %zu",
                 split.validation_count);
        CHECK_AT(split.test_count > 300 && split.test_count < 700, "test %zu", split.test_count);
        CHECK_INT(split.leak.near_in_time, 0);
        for (size_t i = 0; i < split.test_count; i++)
            tested[split.test[i]]++;
        bcue_split_free(&split);
    }
    int once = 0;
    for (int i = 0; i < 2300; i++)
        once += tested[i] == 1;
    CHECK_INT(once, 2300);
    t.config.split.folds = 0;
    bcue_split split;
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_AT(split.test_count > 345 && split.test_count < 575, "test %zu", split.test_count);
    CHECK_INT(split.leak.near_in_time + split.leak.shared_frames, 0);
    bcue_split_free(&split);
    t.config.split.kind = BCUE_SPLIT_BLOCK;
    t.config.split.block_rows = 60;
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(split.leak.near_in_time + split.leak.shared_frames, 0);
    CHECK(split.train_count > 1000 && split.test_count > 200);
    bcue_split_free(&split);
    test_close(&t);
}

int main(void)
{
    RUN(test_position_arrays);
    RUN(test_calibrated_position);
    RUN(test_reversed_beams);
    RUN(test_scenario5);
    RUN(test_published_split);
    RUN(test_folds);
    return check_summary();
}
