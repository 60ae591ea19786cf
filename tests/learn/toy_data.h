/* Small recordings made by a test: what is right is easy to see, so that a model that learns reaches 100 %.
 */
#ifndef BCUE_TESTS_TOY_DATA_H
#define BCUE_TESTS_TOY_DATA_H

#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "check.h"
#include "formats/image.h"
#include "formats/npy.h"
#include "learn/run_config.h"

typedef struct toy_shape {
    size_t episodes, rows; /* rows per episode */
    size_t beams;
    size_t missing_every; /* every so many-th row lacks its position and picture; 0 = none */
} toy_shape;

/* Row `i` lies at u in [0, 1) along the street; its best beam is the one that looks there. */
static inline double toy_place(const toy_shape *shape, size_t i)
{
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 1, 0, (uint32_t)i);
    const double beam = (double)bcue_rng_below(&rng, (uint32_t)shape->beams);
    return (beam + bcue_rng_range(&rng, 0.15, 0.85)) / (double)shape->beams;
}

static inline size_t toy_beam(const toy_shape *shape, size_t i)
{
    return (size_t)(toy_place(shape, i) * (double)shape->beams);
}

static inline double toy_power(const toy_shape *shape, size_t i, size_t beam)
{
    const double away = toy_place(shape, i) * (double)shape->beams - ((double)beam + 0.5);
    return exp(-away * away) + 1e-4 * (double)(beam + 1) / (double)shape->beams;
}

static inline bool toy_missing(const toy_shape *shape, size_t i)
{
    return shape->missing_every > 0 && i % shape->missing_every == 1;
}

static inline double toy_latitude(const toy_shape *shape, size_t i)
{
    return 50 + 0.001 * toy_place(shape, i);
}

static inline double toy_longitude(size_t i)
{
    return 10 + 0.0001 * (double)(i % 7);
}

static inline void toy_write_array(const char *folder, const char *name, int rank, size_t rows,
                                   size_t columns, double *values)
{
    bcue_error error = {""};
    char path[512];
    snprintf(path, sizeof path, "%s/toy_%s.npy", folder, name);
    const bcue_npy array = {.type = BCUE_NPY_F64,
                            .rank = rank,
                            .shape = {rows, columns},
                            .count = rank == 2 ? rows * columns : rows,
                            .data = values};
    CHECK_OK(bcue_npy_write(path, &array, &error), error);
}

/* Positions as arrays (format npy, prefix toy). */
static inline void toy_write_positions(const char *folder, const toy_shape *shape)
{
    const size_t rows = shape->episodes * shape->rows;
    bcue_error error = {""};
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    double *power = bcue_calloc(rows * shape->beams, sizeof *power),
           *fix = bcue_calloc(rows * 2, sizeof *fix), *sequence = bcue_calloc(rows, sizeof *sequence);
    for (size_t i = 0; i < rows; i++) {
        for (size_t b = 0; b < shape->beams; b++)
            power[i * shape->beams + b] = toy_power(shape, i, b);
        fix[2 * i] = toy_missing(shape, i) ? NAN : toy_latitude(shape, i);
        fix[2 * i + 1] = toy_missing(shape, i) ? NAN : toy_longitude(i);
        sequence[i] = (double)(i / shape->rows + 1);
    }
    toy_write_array(folder, "unit1_pwr_60ghz", 2, rows, shape->beams, power);
    toy_write_array(folder, "unit2_loc", 2, rows, 2, fix);
    toy_write_array(folder, "seq_index", 1, rows, 1, sequence);
    free(power);
    free(fix);
    free(sequence);
}

enum { TOY_WIDTH = 48, TOY_HEIGHT = 40 };

static inline void toy_write_picture(const char *path, const toy_shape *shape, size_t i)
{
    bcue_error error = {""};
    bcue_image image;
    CHECK_OK(bcue_image_create(TOY_WIDTH, TOY_HEIGHT, 3, &image, &error), error);
    bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
    const int centre = (int)(toy_place(shape, i) * TOY_WIDTH);
    for (int k = 0; k < TOY_WIDTH * TOY_HEIGHT * 3; k++) {
        const bool bar = abs(k / 3 % TOY_WIDTH - centre) < 4;
        image.pixels[k] = (uint8_t)((bar ? 200 : 40) + (int)bcue_rng_below(&rng, 20));
    }
    CHECK_OK(bcue_image_write(path, &image, 90, &error), error);
    bcue_image_free(&image);
}

static inline void toy_write_text(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    fputs(text, file);
    fclose(file);
}

/* One row's files and its line of the table. */
static inline void toy_write_row(const char *folder, const toy_shape *shape, size_t i, bcue_text *table)
{
    char name[64], path[512];
    bcue_text text = {0};
    for (size_t b = 0; b < shape->beams; b++)
        bcue_text_printf(&text, "%.9g\n", toy_power(shape, i, b));
    snprintf(name, sizeof name, "power_%zu.txt", i + 1);
    toy_write_text(folder, name, text.data);
    bcue_text_free(&text);
    bcue_text_printf(&text, "%.9f\n%.9f\n", toy_latitude(shape, i), toy_longitude(i));
    snprintf(name, sizeof name, "loc_%zu.txt", i + 1);
    toy_write_text(folder, name, text.data);
    bcue_text_free(&text);
    snprintf(path, sizeof path, "%s/rgb_%zu.jpg", folder, i + 1);
    toy_write_picture(path, shape, i);
    bcue_text_printf(table, "%zu,%zu,./power_%zu.txt,%zu,", i + 1, i / shape->rows + 1, i + 1,
                     toy_beam(shape, i) + 1);
    if (toy_missing(shape, i))
        bcue_text_puts(table, ",\n");
    else
        bcue_text_printf(table, "./rgb_%zu.jpg,./loc_%zu.txt\n", i + 1, i + 1);
}

/* Pictures with a bright bar, and positions, as a DeepSense scenario folder. */
static inline void toy_write_scenario(const char *folder, const toy_shape *shape)
{
    bcue_error error = {""};
    bcue_text table = {0};
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    bcue_text_puts(&table, "index,seq_index,unit1_pwr_60ghz,unit1_beam,unit1_rgb,unit2_loc\n");
    for (size_t i = 0; i < shape->episodes * shape->rows; i++)
        toy_write_row(folder, shape, i, &table);
    toy_write_text(folder, "scenario.csv", table.data);
    bcue_text_free(&table);
}

/* An open run. */
typedef struct toy_run {
    bcue_run_config run;
    bcue_config *config;
    bcue_dataset *dataset;
    bcue_error error;
} toy_run;

enum { TOY_MOST_OVERRIDES = 24 };

/* `text` is written to FOLDER/run.yaml; then "key=value" texts, NULL-terminated. */
static inline bcue_status toy_open(const char *folder, const char *text, const char *const *overrides,
                                   toy_run *made)
{
    char path[512];
    size_t count = 0;
    *made = (toy_run){0};
    toy_write_text(folder, "run.yaml", text);
    snprintf(path, sizeof path, "%s/run.yaml", folder);
    while (overrides != NULL && overrides[count] != NULL)
        count++;
    bcue_status status =
        bcue_run_config_read(path, overrides, count, &made->run, &made->config, &made->error);
    if (status == BCUE_OK)
        status = bcue_make_dirs(made->run.out, &made->error);
    if (status == BCUE_OK)
        status = bcue_dataset_open(&made->run.data, made->config, NULL, &made->dataset, &made->error);
    return status;
}

static inline void toy_close(toy_run *run)
{
    bcue_dataset_destroy(run->dataset);
    bcue_config_destroy(run->config);
    *run = (toy_run){0};
}

#endif
