/* Distillation losses: PyTorch's values and gradients, finite differences, what must not change a loss, and
   what has no direction, no distance or no neighbour. */
#include <stdlib.h>
#include "base/rng.h"
#include "check.h"
#include "learn/distill_loss.h"

enum { MOST = 1024 };

static double random_normal(uint32_t index)
{
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, index);
    return bcue_rng_normal(&rng);
}

static void fill(double *x, size_t size, double scale, uint32_t from)
{
    for (size_t i = 0; i < size; i++)
        x[i] = scale * random_normal(from + (uint32_t)i);
}

static bcue_relation find(const char *name)
{
    int i = 0;
    while (bcue_relation_names[i] != NULL && strcmp(bcue_relation_names[i], name) != 0)
        i++;
    return (bcue_relation)i;
}

/* ---- PyTorch ---- */

static void read_numbers(FILE *file, double *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(fscanf(file, "%lf", &to[i]) == 1);
}

static void near_all(const char *what, const double *a, const double *b, size_t count)
{
    double worst = 0, size = 1e-3;
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs(a[i] - b[i]));
        size = fmax(size, fabs(b[i]));
    }
    CHECK_AT(worst <= 1e-10 * size, "%s: %g of %g", what, worst, size);
}

static void relation_case(FILE *file)
{
    char name[32], reduce[16];
    double c, student[64], teacher[64], loss, gradient[64], own_loss, own[64];
    size_t n, a, b;
    CHECK(fscanf(file, "%31s %15s %lf %zu %zu %zu", name, reduce, &c, &n, &a, &b) == 6);
    read_numbers(file, student, n * a);
    read_numbers(file, teacher, n * b);
    read_numbers(file, &loss, 1);
    read_numbers(file, gradient, n * a);
    const bcue_relation_options options = {find(name), c, strcmp(reduce, "sum") == 0};
    bcue_error error = {""};
    CHECK(options.relation < BCUE_RELATION_COUNT);
    CHECK_OK(bcue_relation_loss(&options, n, student, a, teacher, b, &own_loss, own, &error), error);
    near_all(name, &own_loss, &loss, 1);
    near_all(name, own, gradient, n * a);
}

static void softmax_case(FILE *file, bool kd)
{
    double parameter, x[64], other[64], loss, gradient[64], own[64];
    size_t n, classes;
    int32_t label[8] = {0};
    CHECK(fscanf(file, "%lf %zu %zu", &parameter, &n, &classes) == 3);
    read_numbers(file, x, n * classes);
    read_numbers(file, other, kd ? n * classes : n);
    read_numbers(file, &loss, 1);
    read_numbers(file, gradient, n * classes);
    for (size_t i = 0; i < n && !kd; i++)
        label[i] = (int32_t)other[i];
    const double own_loss = kd ? bcue_kd_loss(parameter, n, classes, x, other, own)
                               : bcue_focal_loss(parameter, n, classes, x, label, own);
    near_all(kd ? "kd" : "focal", &own_loss, &loss, 1);
    near_all(kd ? "kd" : "focal", own, gradient, n * classes);
}

static void agrees_with_pytorch(void)
{
    FILE *file = fopen(BCUE_SOURCE_DIR "/tests/learn/data/distill.txt", "r");
    CHECK(file != NULL);
    char kind[32];
    int cases = 0;
    while (file != NULL && fscanf(file, "%31s", kind) == 1) {
        if (strcmp(kind, "relation") == 0)
            relation_case(file);
        else
            softmax_case(file, strcmp(kind, "kd") == 0);
        cases++;
    }
    CHECK_INT(cases, 25);
    if (file != NULL)
        fclose(file);
}

/* ---- finite differences ---- */

static double loss_of(const bcue_relation_options *options, size_t n, const double *student, size_t a,
                      const double *teacher, size_t b)
{
    bcue_error error = {""};
    double loss;
    CHECK_OK(bcue_relation_loss(options, n, student, a, teacher, b, &loss, NULL, &error), error);
    return loss;
}

static void relations_by_finite_differences(void)
{
    static const double scales[] = {0.05, 1, 6};
    for (int r = 0; r < BCUE_RELATION_COUNT; r++) {
        for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
            enum { N = 5, A = 3, B = 4 };
            double student[N * A], teacher[N * B], gradient[N * A], loss;
            fill(student, N * A, scales[k], 100);
            fill(teacher, N * B, scales[k], 500);
            bcue_error error = {""};
            const bcue_relation_options options = {(bcue_relation)r, 0, k == 1};
            CHECK_OK(bcue_relation_loss(&options, N, student, A, teacher, B, &loss, gradient, &error), error);
            double size = 1e-9;
            for (size_t i = 0; i < N * A; i++)
                size = fmax(size, fabs(gradient[i]));
            for (size_t i = 0; i < N * A; i++) {
                const double kept = student[i], step = 1e-5 * scales[k];
                student[i] = kept + step;
                const double above = loss_of(&options, N, student, A, teacher, B);
                student[i] = kept - step;
                const double below = loss_of(&options, N, student, A, teacher, B);
                student[i] = kept;
                CHECK_AT(fabs((above - below) / (2 * step) - gradient[i]) <= 1e-6 * size,
                         "%s scale %g number %zu: %g, by differences %g", bcue_relation_names[r], scales[k],
                         i, gradient[i], (above - below) / (2 * step));
            }
        }
    }
}

enum { ROWS = 4, BEAMS = 6, STUDENT = 3, TEACHER = 5 };

typedef struct whole {
    double end[ROWS * BEAMS], mid[ROWS * STUDENT], projection[TEACHER * STUDENT], bias[TEACHER];
    double teacher_end[ROWS * BEAMS], teacher_mid[ROWS * TEACHER];
    bcue_distill_batch batch;
} whole;

static const int32_t labels[ROWS] = {0, 5, 2, 2};

static void make_whole(whole *w)
{
    fill(w->end, ROWS * BEAMS, 2, 1000);
    fill(w->mid, ROWS * STUDENT, 1, 1100);
    fill(w->projection, TEACHER * STUDENT, 1, 1200);
    fill(w->bias, TEACHER, 1, 1300);
    fill(w->teacher_end, ROWS * BEAMS, 2, 1400);
    fill(w->teacher_mid, ROWS * TEACHER, 1, 1500);
    w->batch = (bcue_distill_batch){.count = ROWS,
                                    .beams = BEAMS,
                                    .label = labels,
                                    .student_end = w->end,
                                    .teacher_end = w->teacher_end,
                                    .student_mid = w->mid,
                                    .teacher_mid = w->teacher_mid,
                                    .student_width = STUDENT,
                                    .teacher_width = TEACHER,
                                    .projection = w->projection,
                                    .bias = w->bias};
}

static void check_numbers(const bcue_distill_config *config, const whole *w, double *x,
                          const double *gradient, size_t size, const char *what)
{
    bcue_error error = {""};
    for (size_t i = 0; i < size; i++) {
        const double kept = x[i], step = 1e-5;
        bcue_distill_result above = {0}, below = {0};
        x[i] = kept + step;
        CHECK_OK(bcue_distill_loss(config, &w->batch, &above, &error), error);
        x[i] = kept - step;
        CHECK_OK(bcue_distill_loss(config, &w->batch, &below, &error), error);
        x[i] = kept;
        CHECK_AT(fabs((above.loss - below.loss) / (2 * step) - gradient[i]) < 1e-8,
                 "variant %d, %s %zu: %g, %g", config->variant, what, i, gradient[i],
                 (above.loss - below.loss) / (2 * step));
    }
}

static void every_variant_by_finite_differences(void)
{
    char *names[] = {(char[]){"euclidean"}, (char[]){"cosine"}, (char[]){"hyperbolic"}, (char[]){"angle"}};
    for (int variant = BCUE_DISTILL_NONE; variant <= BCUE_DISTILL_RKD_BOTH; variant++) {
        whole w;
        make_whole(&w);
        const bcue_distill_config config = {.variant = variant,
                                            .alpha = 0.3,
                                            .gamma = 2,
                                            .temperature = 2,
                                            .relations = {names, 4},
                                            .curvature = 0.1};
        double by_end[ROWS * BEAMS], by_mid[ROWS * STUDENT], by_projection[TEACHER * STUDENT],
            by_bias[TEACHER];
        bcue_distill_result result = {
            .by_end = by_end, .by_mid = by_mid, .by_projection = by_projection, .by_bias = by_bias};
        bcue_error error = {""};
        CHECK_OK(bcue_distill_loss(&config, &w.batch, &result, &error), error);
        check_numbers(&config, &w, w.end, by_end, ROWS * BEAMS, "end");
        check_numbers(&config, &w, w.mid, by_mid, ROWS * STUDENT, "mid");
        check_numbers(&config, &w, w.projection, by_projection, TEACHER * STUDENT, "projection");
        check_numbers(&config, &w, w.bias, by_bias, TEACHER, "bias");
        const double own = variant == BCUE_DISTILL_NONE ? 1 : 0.7;
        CHECK_NEAR(result.loss, own * result.focal + 0.3 * (result.mid + result.end), 1e-12);
        CHECK(bcue_distill_uses_mid(&config) == (result.mid != 0));
    }
}

/* ---- what changes nothing ---- */

/* Rotation in the plane of two numbers, by steps of a fixed angle, through all pairs of neighbours. */
static void rotate(double *x, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k + 1 < width; k++) {
            double *v = x + i * width + k, a = v[0], b = v[1];
            v[0] = cos(0.7) * a - sin(0.7) * b;
            v[1] = sin(0.7) * a + cos(0.7) * b;
        }
    }
}

static void invariances(void)
{
    enum { N = 6, A = 4, B = 3 };
    double student[N * A], moved[N * A], teacher[N * B];
    fill(student, N * A, 1, 2000);
    fill(teacher, N * B, 1, 2100);
    static const bool translation[] = {true, false, false, false, true},
                      scale[] = {true, true, true, false, true};
    for (int r = 0; r < BCUE_RELATION_COUNT; r++) {
        const bcue_relation_options options = {.relation = (bcue_relation)r};
        const double loss = loss_of(&options, N, student, A, teacher, B);
        CHECK(loss > 1e-3);
        memcpy(moved, student, sizeof moved);
        rotate(moved, N, A);
        CHECK_NEAR(loss_of(&options, N, moved, A, teacher, B), loss, 1e-12);
        for (size_t i = 0; i < N * A; i++)
            moved[i] = student[i] + 0.3 * (double)(i % A);
        CHECK_AT((fabs(loss_of(&options, N, moved, A, teacher, B) - loss) < 1e-12) == translation[r],
                 "%s, moved", bcue_relation_names[r]);
        for (size_t i = 0; i < N * A; i++)
            moved[i] = 3 * student[i];
        CHECK_AT((fabs(loss_of(&options, N, moved, A, teacher, B) - loss) < 1e-12) == scale[r], "%s, scaled",
                 bcue_relation_names[r]);
    }
}

/* A student that sees what the teacher sees has nothing to learn, also when it sees it rotated. */
static void equal_relations_cost_nothing(void)
{
    enum { N = 7, A = 4 };
    double teacher[N * A], student[N * A], gradient[N * A], loss;
    fill(teacher, N * A, 2, 2200);
    memcpy(student, teacher, sizeof student);
    rotate(student, N, A);
    for (int r = 0; r < BCUE_RELATION_COUNT; r++) {
        const bcue_relation_options options = {.relation = (bcue_relation)r, .sum = true};
        bcue_error error = {""};
        CHECK_OK(bcue_relation_loss(&options, N, student, A, teacher, A, &loss, gradient, &error), error);
        CHECK_NEAR(loss, 0, 1e-20);
        for (size_t i = 0; i < N * A; i++)
            CHECK_NEAR(gradient[i], 0, 1e-10);
    }
    CHECK_NEAR(bcue_kd_loss(2, N, A, teacher, teacher, gradient), 0, 1e-12);
}

/* ---- edges ---- */

static void check_finite(const bcue_relation_options *options, size_t n, const double *student, size_t a,
                         const double *teacher, size_t b, double *loss, double *gradient)
{
    bcue_error error = {""};
    CHECK_OK(bcue_relation_loss(options, n, student, a, teacher, b, loss, gradient, &error), error);
    CHECK(isfinite(*loss) && *loss >= 0);
    for (size_t i = 0; i < n * a; i++)
        CHECK(isfinite(gradient[i]));
}

static void small_batches_and_degenerate_vectors(void)
{
    double student[12], teacher[12], gradient[12], loss;
    for (int r = 0; r < BCUE_RELATION_COUNT; r++) {
        const bcue_relation_options options = {.relation = (bcue_relation)r};
        fill(student, 12, 1, 3000);
        fill(teacher, 12, 1, 3100);
        check_finite(&options, 1, student, 3, teacher, 3, &loss, gradient);
        CHECK_NEAR(loss, 0, 0);
        CHECK_NEAR(gradient[0], 0, 0);
        /* Two: after the mean is taken out both distances are 1, and an angle needs three. */
        check_finite(&options, 2, student, 3, teacher, 3, &loss, gradient);
        if (r != BCUE_RELATION_COSINE)
            CHECK_NEAR(loss, 0, 1e-24);
        /* All of the student's equal; all zero; one zero; the teacher's equal. */
        for (size_t i = 3; i < 12; i++)
            student[i] = student[i % 3];
        check_finite(&options, 4, student, 3, teacher, 3, &loss, gradient);
        if (r == BCUE_RELATION_EUCLIDEAN || r == BCUE_RELATION_ANGLE)
            for (size_t i = 0; i < 12; i++)
                CHECK_NEAR(gradient[i], 0, 0);
        check_finite(&options, 4, teacher, 3, student, 3, &loss, gradient);
        memset(student, 0, sizeof student);
        check_finite(&options, 4, student, 3, teacher, 3, &loss, gradient);
        check_finite(&options, 4, teacher, 3, student, 3, &loss, gradient);
        fill(student, 12, 1, 3200);
        student[0] = student[1] = student[2] = 0;
        check_finite(&options, 4, student, 3, teacher, 3, &loss, gradient);
        /* Far out, where the ball's edge clamps everything; nearly equal; enormous. */
        fill(student, 12, 1e6, 3300);
        check_finite(&options, 4, student, 3, teacher, 3, &loss, gradient);
        fill(student, 12, 1e-9, 3400);
        check_finite(&options, 4, student, 3, teacher, 3, &loss, gradient);
        fill(student, 12, 1e-170, 3500); /* squares underflow */
        check_finite(&options, 4, student, 3, teacher, 3, &loss, gradient);
        student[5] = NAN;
        bcue_error error = {""};
        CHECK_STATUS(bcue_relation_loss(&options, 4, student, 3, teacher, 3, &loss, gradient, &error),
                     BCUE_ERROR_ARGUMENT);
        CHECK_CONTAINS(error.text, "number 2 of sample 1's features is nan");
    }
}

static void hyperbolic_distances_by_hand(void)
{
    /* Radial distances add up: d(0, y) = 2 artanh(sqrt(c) |y|) / sqrt(c), and y = exp(x) has
       sqrt(c) |y| = tanh(sqrt(c) |x|), so d(0, exp(x)) = 2 |x|, and along one ray d = 2 (|x| - |x'|), but for
       the 1e-5 in the denominator. */
    const double ray[] = {0.2, 0.5, 0.6, 1.1};
    double student[8], gradient[8], loss, far[6] = {1e3, 0, 0, 1e3, 2e3, 0};
    for (size_t i = 0; i < 4; i++) {
        student[2 * i] = 0.6 * ray[i];
        student[2 * i + 1] = 0.8 * ray[i];
    }
    double wanted[16], mean = 0, expected = 0;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            wanted[4 * i + j] = 2 * fabs(ray[i] - ray[j]);
            mean += wanted[4 * i + j] / 12;
        }
    }
    /* Against a teacher of equal vectors, whose relation is 0: smooth L1 of the student's own. */
    const double teacher[4] = {0};
    for (size_t i = 0; i < 16; i++) {
        const double d = wanted[i] / mean;
        expected += (d < 1 ? 0.5 * d * d : d - 0.5) / 16;
    }
    const bcue_relation_options options = {.relation = BCUE_RELATION_HYPERBOLIC, .curvature = 0.5};
    check_finite(&options, 4, student, 2, teacher, 1, &loss, gradient);
    CHECK_NEAR(loss, expected, 1e-4);
    check_finite(&options, 3, far, 2, teacher, 1, &loss, gradient);
    for (size_t i = 0; i < 6; i++)
        CHECK_AT(fabs(gradient[i]) < 1e-2, "%g", gradient[i]);
}

static void never_not_a_number(void)
{
    double student[12], teacher[12], gradient[12], loss;
    bcue_error error = {""};
    size_t bad = 0;
    for (uint32_t draw = 0; draw < 1000000; draw++) {
        bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 0, draw);
        const size_t n = 1 + bcue_rng_below(&rng, 4), a = 1 + bcue_rng_below(&rng, 3),
                     b = 1 + bcue_rng_below(&rng, 3);
        const bcue_relation_options options = {(bcue_relation)(draw % BCUE_RELATION_COUNT), 0.1,
                                               bcue_rng_below(&rng, 2) == 1};
        /* Coarse numbers, so that vectors are often equal, opposite or zero; sometimes huge or tiny. */
        const double scale = pow(10, (double)bcue_rng_below(&rng, 9) - 4);
        for (size_t i = 0; i < 12; i++) {
            student[i] = scale * ((double)bcue_rng_below(&rng, 3) - 1);
            teacher[i] = bcue_rng_normal(&rng);
        }
        if (bcue_relation_loss(&options, n, student, a, teacher, b, &loss, gradient, &error) != BCUE_OK)
            bad++;
        bad += (size_t) !(isfinite(loss) && loss >= 0);
        for (size_t i = 0; i < n * a; i++)
            bad += (size_t)!isfinite(gradient[i]);
    }
    CHECK_INT(bad, 0);
}

static void softmax_losses_at_the_edges(void)
{
    const int32_t label[2] = {0, 1};
    double logits[4] = {800, -800, 800, -800}, gradient[4];
    /* A certain right answer costs nothing; a certain wrong one its distance. */
    const double loss = bcue_focal_loss(2, 2, 2, logits, label, gradient);
    CHECK_NEAR(loss, 1600.0 / 2, 1e-9);
    CHECK_NEAR(gradient[0], 0, 0);
    CHECK_NEAR(gradient[2], 0.5, 1e-12);
    const double teacher[4] = {-800, 800, 0, 0};
    CHECK(isfinite(bcue_kd_loss(2, 2, 2, logits, teacher, gradient)));
    CHECK(isfinite(gradient[0]) && isfinite(gradient[3]));
    CHECK_NEAR(bcue_focal_loss(0.5, 1, 2, logits, label, gradient), 0, 0);
    CHECK(isfinite(gradient[0]));
}

static void wrong_requests_are_refused(void)
{
    whole w;
    make_whole(&w);
    bcue_error error = {""};
    bcue_distill_result result = {0};
    bcue_distill_config config = {.variant = BCUE_DISTILL_KD_MID, .alpha = 0.5, .temperature = 2};
    bcue_distill_batch narrow = w.batch;
    narrow.projection = narrow.bias = NULL;
    CHECK_STATUS(bcue_distill_loss(&config, &narrow, &result, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "3 wide, the teacher's 5; that needs a projection");
    const int32_t wrong[ROWS] = {0, 6, 0, 0};
    w.batch.label = wrong;
    CHECK_STATUS(bcue_distill_loss(&config, &w.batch, &result, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "label 6 of sample 1");

    static const char *const bad[][2] = {{"{relations: [euclid]}", "did you mean euclidean"},
                                         {"{relations: [cosine, cosine]}", "cosine is there twice"},
                                         {"{relations: []}", "at least one relation"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bcue_config *owned;
        CHECK_OK(bcue_config_read_text(bad[i][0], strlen(bad[i][0]), "x.yaml", NULL, 0,
                                       bcue_distill_config_fields, &config, &owned, &error),
                 error);
        CHECK_STATUS(bcue_distill_config_check(&config, owned, "", &error), BCUE_ERROR_CONFIG);
        CHECK_CONTAINS(error.text, bad[i][1]);
        bcue_config_destroy(owned);
    }
}

int main(void)
{
    RUN(agrees_with_pytorch);
    RUN(relations_by_finite_differences);
    RUN(every_variant_by_finite_differences);
    RUN(invariances);
    RUN(equal_relations_cost_nothing);
    RUN(small_batches_and_degenerate_vectors);
    RUN(hyperbolic_distances_by_hand);
    RUN(never_not_a_number);
    RUN(softmax_losses_at_the_edges);
    RUN(wrong_requests_are_refused);
    return check_summary();
}
