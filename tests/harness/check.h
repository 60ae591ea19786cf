/* The test harness: checks that survive NDEBUG, count failures, and go on.
   A test program has `int main(void) { RUN(test_a); RUN(test_b); return check_summary(); }`. Exit 0, 1, or 77
   (all skipped). */
#ifndef BCUE_TESTS_CHECK_H
#define BCUE_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "beamcue/status.h"

static int check_count, check_failures, check_tests, check_skips;
static const char *check_test_name = "";

#define CHECK_AT(ok, ...)                                                                                    \
    do {                                                                                                     \
        check_count++;                                                                                       \
        if (!(ok)) {                                                                                         \
            check_failures++;                                                                                \
            if (check_failures <= 50) {                                                                      \
                fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, check_test_name);                         \
                fprintf(stderr, __VA_ARGS__);                                                                \
                fputc('\n', stderr);                                                                         \
            }                                                                                                \
        }                                                                                                    \
    } while (0)
#define CHECK(condition) CHECK_AT(condition, "failed: %s", #condition)
#define CHECK_INT(actual, expected)                                                                          \
    do {                                                                                                     \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                          \
        CHECK_AT(actual_ == expected_, "%s is %lld, expected %lld", #actual, actual_, expected_);            \
    } while (0)
#define CHECK_NEAR(actual, expected, tolerance)                                                              \
    do {                                                                                                     \
        double actual_ = (double)(actual), expected_ = (double)(expected);                                   \
        CHECK_AT(fabs(actual_ - expected_) <= (double)(tolerance), "%s is %.17g, expected %.17g (+-%g)",     \
                 #actual, actual_, expected_, (double)(tolerance));                                          \
    } while (0)
#define CHECK_STR(actual, expected)                                                                          \
    do {                                                                                                     \
        const char *actual_ = (actual), *expected_ = (expected);                                             \
        CHECK_AT(actual_ != NULL && strcmp(actual_, expected_) == 0, "%s is \"%s\", expected \"%s\"",        \
                 #actual, actual_ ? actual_ : "(null)", expected_);                                          \
    } while (0)
#define CHECK_CONTAINS(actual, part)                                                                         \
    do {                                                                                                     \
        const char *actual_ = (actual), *part_ = (part);                                                     \
        CHECK_AT(actual_ != NULL && strstr(actual_, part_) != NULL, "%s is \"%s\", which lacks \"%s\"",      \
                 #actual, actual_ ? actual_ : "(null)", part_);                                              \
    } while (0)
/* The call must succeed; prints its sentence when it does not. `error` is a bcue_error variable. */
#define CHECK_OK(call, error)                                                                                \
    do {                                                                                                     \
        bcue_status status_ = (call);                                                                        \
        CHECK_AT(status_ == BCUE_OK, "%s: %s: %s", #call, bcue_status_name(status_), (error).text);          \
    } while (0)
#define CHECK_STATUS(call, expected)                                                                         \
    do {                                                                                                     \
        bcue_status status_ = (call), expected_ = (expected);                                                \
        CHECK_AT(status_ == expected_, "%s gave %s, expected %s", #call, bcue_status_name(status_),          \
                 bcue_status_name(expected_));                                                               \
    } while (0)
#define RUN(test)                                                                                            \
    do {                                                                                                     \
        check_test_name = #test;                                                                             \
        check_tests++;                                                                                       \
        test();                                                                                              \
    } while (0)
/* Leave the test function, saying why. */
#define SKIP(...)                                                                                            \
    do {                                                                                                     \
        check_skips++;                                                                                       \
        printf("%s: skipped: ", check_test_name);                                                            \
        printf(__VA_ARGS__);                                                                                 \
        putchar('\n');                                                                                       \
        return;                                                                                              \
    } while (0)

static inline int check_summary(void)
{
    printf("%d tests, %d skipped, %d checks, %d failures\n", check_tests, check_skips, check_count,
           check_failures);
    if (check_failures > 0)
        return 1;
    return check_tests > 0 && check_skips == check_tests ? 77 : 0;
}

#endif
