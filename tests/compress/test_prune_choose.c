/* Widths that meet a share of the parameters, and the units that go for it. */
#include <stdlib.h>
#include "check.h"
#include "compress/prune_choose.h"
#include "compress/prune_rank.h"
#include "prune_models.h"

#define SMALL_INPUTS                                                                                         \
    "frames: 2\nchannels: 3\nheight: 128\nwidth: 128\nlidar_channels: 1\nlidar_height: 128\n"                \
    "lidar_width: 128\nradar_channels: 2\nradar_height: 128\nradar_width: 128\ngps_frames: 2\nbeams: 64\n"
#define SMALL "kind: beamtransfuser\nwidth: 16\nblocks: 4\nanchors: 4\nhead: [128, 64]\n"

static const double ratios[] = {0.9, 0.8, 0.7, 0.6, 0.5, 0.4};

static int64_t count_of(const bcue_model_file *model, const char *prefix)
{
    bcue_error error = {""};
    int64_t count = 0;
    CHECK_OK(bcue_prune_count(&model->config, &model->inputs, &prefix, 1, &count, &error), error);
    return count;
}

static void random_scores(bcue_prune_space *space, uint32_t seed)
{
    bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, seed);
    for (size_t g = 0; g < space->count; g++) {
        bcue_prune_group *group = &space->groups[g];
        for (int64_t k = 0; k < group->heads * group->count; k++)
            group->score[k] = bcue_rng_uniform(&rng);
    }
}

/* What was kept is worth at least what went, head by head. */
static void check_order(const bcue_prune_group *group)
{
    for (int64_t h = 0; h < group->heads; h++) {
        double dearest_gone = -1, cheapest_kept = 2;
        for (int64_t k = h * group->count; k < (h + 1) * group->count; k++) {
            if (group->keep[k])
                cheapest_kept = fmin(cheapest_kept, group->score[k]);
            else
                dearest_gone = fmax(dearest_gone, group->score[k]);
        }
        CHECK_AT(dearest_gone <= cheapest_kept, "%s: %g went, %g stayed", group->mask, dearest_gone,
                 cheapest_kept);
    }
}

static void check_rounding(const bcue_prune_group *group, int64_t round)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < group->heads * group->count; k++)
        kept += group->keep[k];
    CHECK_AT(kept % round == 0 || kept == group->heads * group->count, "%s keeps %lld", group->mask,
             (long long)kept);
}

/* In the three phases of the paper, or at once. */
static void prune(const bcue_model_file *model, const bcue_prune_plan *plan, const unsigned *phases,
                  int count, bcue_model_file *result)
{
    bcue_error error = {""};
    bcue_model_file now = {0};
    for (int i = 0; i < count; i++) {
        const bcue_model_file *from = i == 0 ? model : &now;
        bcue_prune_space space;
        bcue_model_file next;
        CHECK_OK(bcue_prune_space_create(&from->config, &from->inputs, &space, &error), error);
        random_scores(&space, (uint32_t)i);
        CHECK_OK(bcue_prune_choose(plan, phases[i], &space, &error), error);
        for (size_t g = 0; g < space.count; g++) {
            check_order(&space.groups[g]);
            check_rounding(&space.groups[g], space.groups[g].modality < 0 ? plan->target.round_fusion
                                                                          : plan->target.round_channels);
        }
        CHECK_OK(bcue_prune_apply(from, &space, &next, &error), error);
        bcue_prune_space_free(&space);
        bcue_model_file_free(&now);
        now = next;
    }
    *result = now;
}

static const unsigned progressive[] = {1U << BCUE_PRUNE_TOKENS, 1U << BCUE_PRUNE_QK | 1U << BCUE_PRUNE_VALUE,
                                       1U << BCUE_PRUNE_NEURONS,
                                       1U << BCUE_PRUNE_INNER | 1U << BCUE_PRUNE_CHANNELS};
static const unsigned at_once[] = {~0U};

static void share_of_the_fusion(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_OK(bcue_prune_model_make(SMALL, SMALL_INPUTS, 1, &model, &error), error);
    const int64_t fusion = count_of(&model, "fusion."), total = count_of(&model, "");
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        const bcue_prune_target target = {ratios[i], BCUE_PRUNE_OF_FUSION, 8, 16};
        bcue_prune_plan plan;
        bcue_model_file pruned;
        CHECK_OK(bcue_prune_plan_make(&model.config, &model.inputs, &target, &plan, &error), error);
        prune(&model, &plan, progressive, 3, &pruned);
        const double left = (double)count_of(&pruned, "fusion.") / (double)fusion;
        CHECK_AT(fabs(left - ratios[i]) < 0.01, "%g of the fusion stages became %g", ratios[i], left);
        CHECK_INT(count_of(&pruned, "camera."), count_of(&model, "camera."));
        CHECK_INT(plan.before, total);
        CHECK_INT(plan.after, count_of(&pruned, ""));
        for (int s = 3; s <= 4; s++) { /* each module its own share, where eight are few of its channels */
            char prefix[16];
            snprintf(prefix, sizeof prefix, "fusion.%d.", s);
            const double part = (double)count_of(&pruned, prefix) / (double)count_of(&model, prefix);
            CHECK_AT(fabs(part - ratios[i]) < 0.02, "%g of fusion.%d became %g", ratios[i], s, part);
        }
        bcue_model_file_free(&pruned);
    }
    bcue_model_file_free(&model);
}

static void share_of_the_total(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_OK(bcue_prune_model_make(SMALL, SMALL_INPUTS, 1, &model, &error), error);
    const int64_t total = count_of(&model, "");
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        const bcue_prune_target target = {ratios[i], BCUE_PRUNE_OF_TOTAL, 8, 8};
        bcue_prune_plan plan;
        bcue_model_file pruned;
        float logits[64];
        CHECK_OK(bcue_prune_plan_make(&model.config, &model.inputs, &target, &plan, &error), error);
        prune(&model, &plan, i % 2 == 0 ? at_once : progressive, i % 2 == 0 ? 1 : 4, &pruned);
        const double left = (double)count_of(&pruned, "") / (double)total;
        CHECK_AT(fabs(left - ratios[i]) < 0.025, "%g of the network became %g", ratios[i], left);
        CHECK(count_of(&pruned, "lidar.") < count_of(&model, "lidar."));
        const double planned =
            (double)plan.after / (double)total; /* blocks of a trunk differ in what a channel costs */
        CHECK_AT(fabs(left - planned) < 0.01, "%g of the network was planned, %g came out", planned, left);
        CHECK_OK(bcue_prune_logits(&pruned, NULL, 1, 1, logits, &error), error);
        bcue_model_file_free(&pruned);
    }
    const bcue_prune_target whole = {1, BCUE_PRUNE_OF_TOTAL, 8, 16},
                            none = {0.01, BCUE_PRUNE_OF_TOTAL, 8, 16};
    bcue_prune_plan plan;
    CHECK_OK(bcue_prune_plan_make(&model.config, &model.inputs, &whole, &plan, &error), error);
    CHECK_INT(plan.after, total);
    CHECK_STATUS(bcue_prune_plan_make(&model.config, &model.inputs, &none, &plan, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "that cannot be pruned");
    bcue_model_file_free(&model);
}

/* 1 - 6 sum d^2 / (n (n^2 - 1)) without ties; with them Pearson's of the mean ranks. */
static void ranks(void)
{
    bcue_error error = {""};
    const double a[] = {10, 20, 30, 40, 50}, b[] = {1, 3, 2, 5, 4}, c[] = {1, 1, 2, 2, 2},
                 same[] = {7, 7, 7, 7, 7};
    double found;
    CHECK_OK(bcue_rank_correlation(a, b, 5, &found, &error), error);
    CHECK_NEAR(found, 1 - 6.0 * 4 / (5 * 24), 1e-12);
    CHECK_OK(bcue_rank_correlation(a, a, 5, &found, &error), error);
    CHECK_NEAR(found, 1, 1e-12);
    CHECK_OK(bcue_rank_correlation(a, c, 5, &found, &error), error); /* ranks .5 .5 3 3 3 against 0 .. 4 */
    CHECK_NEAR(found, 7.5 / sqrt(10 * 7.5), 1e-12);
    CHECK_OK(bcue_rank_correlation(a, same, 5, &found, &error), error);
    CHECK_NEAR(found, 0, 0);
}

int main(void)
{
    RUN(ranks);
    RUN(share_of_the_fusion);
    RUN(share_of_the_total);
    return check_summary();
}
