/* evaluate.radar_lost and radar_false: a model that reads the direction of its points is right without
   faults, guesses when every detection is lost, and is misled by false ones. */
#include "check.h"

#include <stdlib.h>

#include "base/rng.h"
#include "base/text.h"
#include "../dataset/fabricate.h"
#include "formats/npy.h"
#include "learn/evaluate.h"
#include "learn/trainer.h"

enum { EPISODES = 12, ROWS = 8, BEAMS = 4, DETECTIONS = 5 };

/* Points at the azimuth of the best beam; no two power vectors are alike. */
static void make_recording(void)
{
    bcue_text table = {0};
    fabricate_begin("learn_point_faults");
    bcue_text_puts(&table, "index,unit1_radar,unit1_pwr_60ghz,seq_index\n");
    for (int i = 0; i < EPISODES * ROWS; i++) {
        const int beam = i * 7 % 5 % BEAMS;
        bcue_rng rng = bcue_rng_make(53, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        float values[4 * DETECTIONS];
        char radar[64], name[64];
        bcue_bytes bytes;
        bcue_error error;
        bcue_text power = {0};
        for (int k = 0; k < DETECTIONS; k++) {
            values[4 * k] = (float)bcue_rng_range(&rng, 2, 5);
            values[4 * k + 1] = (float)(-0.9 + 0.6 * beam + 0.05 * bcue_rng_normal(&rng));
            values[4 * k + 2] = 0;
            values[4 * k + 3] = (float)bcue_rng_range(&rng, 20, 30);
        }
        const bcue_npy list = {.type = BCUE_NPY_F32,
                               .rank = 2,
                               .shape = {DETECTIONS, 4},
                               .count = 4 * DETECTIONS,
                               .data = values};
        CHECK_OK(bcue_npy_encode(&list, &bytes, &error), error);
        for (int b = 0; b < BEAMS; b++)
            bcue_text_printf(&power, "%.6f\n", (b == beam ? 0.9 : 0.1) + 0.05 * bcue_rng_uniform(&rng));
        snprintf(radar, sizeof radar, "radar/%d.npy", i);
        snprintf(name, sizeof name, "power/%d.txt", i);
        fabricate_bytes(radar, bytes.data, bytes.size);
        fabricate_bytes(name, power.data, power.size);
        bcue_bytes_free(&bytes);
        bcue_text_free(&power);
        bcue_text_printf(&table, "%d,%s,%s,%d\n", i + 1, radar, name, i / ROWS);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

/* Trains (with `train`) and scores; the top-1 accuracy, NaN when it was refused. */
static double score(const char *model, const char *radar, bool train, const char *faults, bcue_error *error)
{
    bcue_text yaml = {0};
    bcue_run_config run;
    bcue_config *config = NULL;
    bcue_dataset *dataset = NULL;
    bcue_evaluation evaluation = {0};
    bcue_training_summary summary;
    double top_1 = NAN;
    bcue_text_printf(
        &yaml,
        "name: faults\nout: \"%s/out\"\nthreads: 1\ndata: {beams: %d, sources: [{name: s, root: "
        "\"%s\"}]}\nsplit: {kind: episode, train: 0.5, validation: 0, test: 0.5}\nfeatures: {radar: "
        "{enabled: true, %s}}\nmodel: {%s}\nevaluate: {bootstrap: 100, top_k: [1, 2]%s}\n",
        fabricate_root, (int)BEAMS, fabricate_root, radar, model, faults);
    fabricate_bytes("run.yaml", yaml.data, yaml.size);
    bcue_text_free(&yaml);
    char *path = bcue_path_join(fabricate_root, "run.yaml");
    bcue_status status = bcue_run_config_read(path, NULL, 0, &run, &config, error);
    if (status == BCUE_OK)
        status = bcue_dataset_open(&run.data, config, NULL, &dataset, error);
    if (status == BCUE_OK)
        status = bcue_check_writable_dir(run.out, error);
    if (status == BCUE_OK && train) {
        status = bcue_train_member(&run, config, dataset, bcue_run_member_at(&run, 0), NULL, &summary, error);
        if (status == BCUE_OK)
            bcue_training_summary_free(&summary);
    }
    if (status == BCUE_OK)
        status = bcue_evaluate_run(&run, config, dataset, NULL, NULL, &evaluation, error);
    const bcue_evaluation_value *value =
        status == BCUE_OK ? bcue_evaluation_find(&evaluation.subsets[0], "top_1") : NULL;
    if (value != NULL)
        top_1 = value->mean;
    if (status == BCUE_OK)
        bcue_evaluation_free(&evaluation);
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    free(path);
    return top_1;
}

static const char knn[] = "kind: radar-knn", points[] = "recipe: hps, points: 8, hps: azimuth-nearest";

static void faults_cost_what_they_should(void)
{
    bcue_error error = {""};
    const double plain = score(knn, points, true, "", &error);
    CHECK_AT(plain > 0.95, "%g: %s", plain, error.text);
    CHECK(score(knn, points, false, ", radar_lost: 0, radar_false: 0", &error) == plain);
    const double lost = score(knn, points, false, ", radar_lost: 1", &error),
                 few = score(knn, points, false, ", radar_lost: 0.3", &error),
                 misled = score(knn, points, false, ", radar_false: 40", &error);
    CHECK_AT(lost < 0.6 && few > 0.6, "%g and %g", lost, few);
    CHECK_AT(misled < plain, "%g", misled);
    CHECK(score(knn, points, false, ", radar_lost: 0.3", &error) == few); /* once more the same */
}

static void others_are_refused(void)
{
    bcue_error error = {""};
    CHECK(isnan(score("kind: majority", points, true, ", radar_lost: 0.5", &error)));
    CHECK_CONTAINS(error.text, "the model (majority) reads no lists of radar points");
    CHECK(isnan(score(knn, points, false, ", radar_lost: 1.5", &error)));
    CHECK_CONTAINS(error.text, "radar_lost");
    CHECK(isnan(score(knn, points, false, ", radar_lost: 0.5, missing_frames: {radar: 0.5}", &error)));
    CHECK_CONTAINS(error.text, "cannot be measured together with evaluate.missing_frames");
}

int main(void)
{
    make_recording();
    RUN(faults_cost_what_they_should);
    RUN(others_are_refused);
    return check_summary();
}
