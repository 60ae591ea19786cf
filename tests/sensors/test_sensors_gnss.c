/* The error of a satellite fix. */
#include "check.h"
#include "sensors/gnss.h"

static void error_is_white_and_as_large_as_told(void)
{
    enum { DRAWS = 20000 };
    bcue_gnss_config config = {1.5, 2.5};
    bcue_vec3 truth = {10, 20, 1}, sum = {0}, squares = {0};
    double cross = 0.0, lag = 0.0, last = 0.0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        bcue_rng rng = bcue_rng_make(1, BCUE_RNG_GNSS, 0, i, 0);
        bcue_vec3 e = bcue_vec3_sub(bcue_gnss_fix(&config, truth, &rng), truth);
        sum = bcue_vec3_add(sum, e);
        squares = bcue_vec3_add(squares, bcue_vec3_make(e.x * e.x, e.y * e.y, e.z * e.z));
        cross += e.x * e.y;
        lag += e.x * last;
        last = e.x;
    }
    CHECK_NEAR(sum.x / DRAWS, 0.0, 0.05);
    CHECK_NEAR(sum.y / DRAWS, 0.0, 0.05);
    CHECK_NEAR(sqrt(squares.x / DRAWS), 1.5, 0.04);
    CHECK_NEAR(sqrt(squares.y / DRAWS), 1.5, 0.04);
    CHECK_NEAR(sqrt(squares.z / DRAWS), 2.5, 0.06);
    CHECK_NEAR(cross / DRAWS, 0.0, 0.08);
    CHECK_NEAR(lag / DRAWS, 0.0, 0.08);
}

static void without_noise_it_is_the_truth(void)
{
    bcue_gnss_config config = {0, 0};
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_GNSS, 0, 0, 0);
    bcue_vec3 fix = bcue_gnss_fix(&config, bcue_vec3_make(1, 2, 3), &rng);
    CHECK(fix.x == 1.0 && fix.y == 2.0 && fix.z == 3.0);
}

int main(void)
{
    RUN(error_is_white_and_as_large_as_told);
    RUN(without_noise_it_is_the_truth);
    return check_summary();
}
