/* 1,000 random rows against an independent numpy implementation (tools/fixtures/make_metrics.py). */
#include <stdio.h>
#include <stdlib.h>
#include "check.h"
#include "metrics/metric.h"

#define ROWS 1000
#define BEAMS 16
#define DATA BCUE_SOURCE_DIR "/tests/metrics/data/"

typedef struct {
    bcue_scored_set set;
    int32_t label[ROWS], episode[ROWS], street[ROWS], ranked[ROWS * BEAMS];
    double power[ROWS * BEAMS];
} fixture;

static fixture all_rows, measured_rows;

static void parse_row(char *line, fixture *f, size_t n)
{
    char *at = line;
    f->label[n] = (int32_t)strtol(at, &at, 10);
    f->episode[n] = (int32_t)strtol(at + 1, &at, 10);
    f->street[n] = (int32_t)strtol(at + 1, &at, 10);
    at++;
    for (size_t k = 0; k < BEAMS; k++, at++)
        f->ranked[n * BEAMS + k] = *at == '-' ? -1 : *at - 'a';
    for (size_t b = 0; b < BEAMS; b++)
        f->power[n * BEAMS + b] = strtod(at + 1, &at);
}

static void finish(fixture *f, size_t rows)
{
    f->set = (bcue_scored_set){.rows = rows,
                               .beams = BEAMS,
                               .ranked_count = BEAMS,
                               .ranked = f->ranked,
                               .power = f->power,
                               .label = f->label,
                               .episode = f->episode,
                               .street = f->street,
                               .power_unit = BCUE_POWER_WATT,
                               .index_monotone = true};
}

static void copy_row(fixture *to, size_t m, const fixture *from, size_t n)
{
    to->label[m] = from->label[n];
    to->episode[m] = from->episode[n];
    to->street[m] = from->street[n];
    memcpy(to->ranked + m * BEAMS, from->ranked + n * BEAMS, BEAMS * sizeof *to->ranked);
    memcpy(to->power + m * BEAMS, from->power + n * BEAMS, BEAMS * sizeof *to->power);
}

static size_t read_rows(void)
{
    char line[512];
    size_t rows = 0, measured = 0;
    FILE *file = fopen(DATA "metrics_rows.csv", "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        if (file != NULL)
            fclose(file);
        return 0;
    }
    while (rows < ROWS && fgets(line, sizeof line, file) != NULL)
        parse_row(line, &all_rows, rows++);
    fclose(file);
    for (size_t n = 0; n < rows; n++) {
        double answered = all_rows.power[n * BEAMS + (size_t)all_rows.ranked[n * BEAMS]];
        if (answered > 0.0 || isnan(answered))
            copy_row(&measured_rows, measured++, &all_rows, n);
    }
    finish(&all_rows, rows);
    finish(&measured_rows, measured);
    return rows;
}

static bool count_of(const bcue_scored_counts *counts, const char *name, size_t *value)
{
    const struct {
        const char *name;
        size_t value;
    } table[] = {{"rows_with_best", counts->rows_with_best}, {"rows_with_power", counts->rows_with_power},
                 {"invalid_power", counts->invalid_power},   {"tied_best", counts->tied_best},
                 {"label_mismatch", counts->label_mismatch}, {"limited_loss", counts->limited_loss}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(name, table[i].name) == 0) {
            *value = table[i].value;
            return true;
        }
    return false;
}

static void check_line(const fixture *f, const char *name, double expected)
{
    bcue_error error = {{0}};
    int64_t by_signed[2 * BEAMS - 1];
    bcue_scored_counts counts = bcue_scored_set_count(&f->set);
    size_t count;
    if (count_of(&counts, name, &count)) {
        CHECK_AT((double)count == expected, "%s is %zu, expected %g", name, count, expected);
        return;
    }
    if (strncmp(name, "distance_", 9) == 0) {
        CHECK_OK(bcue_confusion_by_distance(&f->set, by_signed, NULL, &error), error);
        int64_t got = by_signed[strtol(name + 9, NULL, 10) + BEAMS - 1];
        CHECK_AT((double)got == expected, "%s is %lld, expected %g", name, (long long)got, expected);
        return;
    }
    bcue_metric metric;
    double value = NAN;
    CHECK_OK(bcue_metric_parse(name, &metric, &error), error);
    CHECK_OK(bcue_metric_compute(&f->set, metric, &value, NULL, &error), error);
    CHECK_AT(fabs(value - expected) <= 1e-12, "%s is %.17g, expected %.17g", name, value, expected);
}

static void test_against_numpy(void)
{
    CHECK_INT(read_rows(), ROWS);
    FILE *file = fopen(DATA "metrics_expected.txt", "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    char section[16], name[40], number[40];
    int lines = 0;
    while (fscanf(file, "%15s %39s %39s", section, name, number) == 3) {
        check_line(strcmp(section, "all") == 0 ? &all_rows : &measured_rows, name, strtod(number, NULL));
        lines++;
    }
    fclose(file);
    CHECK(lines >= 120);
}

/* Every metric of the listing is the one that its name asks for. */
static void test_listing_agrees(void)
{
    bcue_error error = {{0}};
    bcue_metrics metrics;
    CHECK_OK(bcue_metrics_compute(&all_rows.set, NULL, 0, &metrics, &error), error);
    CHECK(metrics.count >= 20);
    for (size_t i = 0; i < metrics.count; i++) {
        const bcue_metric_value *listed = &metrics.values[i];
        double value = NAN;
        size_t rows = 0;
        CHECK_AT(listed->available, "%s: %s", listed->name, listed->reason);
        CHECK_OK(bcue_metric_compute(&all_rows.set, listed->metric, &value, &rows, &error), error);
        CHECK_NEAR(value, listed->value, 0.0);
        CHECK_INT(rows, listed->rows);
        CHECK(bcue_metrics_find(&metrics, listed->name) == listed);
    }
    bcue_metrics_free(&metrics);
}

int main(void)
{
    RUN(test_against_numpy);
    RUN(test_listing_agrees);
    return check_summary();
}
