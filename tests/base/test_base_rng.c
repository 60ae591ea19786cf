#include "check.h"

#include "base/rng.h"

/* Known answers published with the Random123 library (kat_vectors, philox4x32 10). */
static void philox_known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t out[4];
        bcue_philox4x32_10(cases[i].counter, cases[i].key, out);
        for (int word = 0; word < 4; word++)
            CHECK_INT(out[word], cases[i].expected[word]);
    }
}

static void streams_repeat_and_differ(void)
{
    bcue_rng a = bcue_rng_make(1, BCUE_RNG_TEST, 2, 3, 4);
    bcue_rng b = bcue_rng_make(1, BCUE_RNG_TEST, 2, 3, 4);
    bcue_rng c = bcue_rng_make(1, BCUE_RNG_TEST, 2, 3, 5);
    bcue_rng d = bcue_rng_make(1, BCUE_RNG_SPLIT, 2, 3, 4);
    int same_c = 0, same_d = 0;
    for (int i = 0; i < 64; i++) {
        uint32_t drawn = bcue_rng_u32(&a);
        CHECK_INT(bcue_rng_u32(&b), drawn);
        same_c += bcue_rng_u32(&c) == drawn;
        same_d += bcue_rng_u32(&d) == drawn;
    }
    CHECK_INT(same_c, 0);
    CHECK_INT(same_d, 0);
}

static void moments(void)
{
    bcue_rng rng = bcue_rng_make(7, BCUE_RNG_TEST, 0, 0, 0);
    const int n = 200000;
    double uniform = 0, normal = 0, square = 0;
    int below[7] = {0};
    for (int i = 0; i < n; i++) {
        double u = bcue_rng_uniform(&rng), z = bcue_rng_normal(&rng);
        CHECK(u >= 0 && u < 1);
        uniform += u;
        normal += z;
        square += z * z;
        below[bcue_rng_below(&rng, 7)]++;
    }
    CHECK_NEAR(uniform / n, 0.5, 4 * 0.2887 / sqrt(n));
    CHECK_NEAR(normal / n, 0, 4 / sqrt(n));
    CHECK_NEAR(square / n, 1, 4 * sqrt(2.0 / n));
    for (int i = 0; i < 7; i++)
        CHECK_NEAR(below[i], n / 7.0, 4 * sqrt(n * 6.0 / 49));
}

static void shuffle_is_a_permutation(void)
{
    size_t items[100];
    for (size_t i = 0; i < 100; i++)
        items[i] = i;
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_SHUFFLE, 0, 0, 0);
    bcue_rng_shuffle(&rng, items, 100);
    int seen[100] = {0}, moved = 0;
    for (size_t i = 0; i < 100; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (int i = 0; i < 100; i++)
        CHECK_INT(seen[i], 1);
    CHECK(moved > 80);
}

int main(void)
{
    RUN(philox_known_answers);
    RUN(streams_repeat_and_differ);
    RUN(moments);
    RUN(shuffle_is_a_permutation);
    return check_summary();
}
