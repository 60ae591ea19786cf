/* inspect, scene by scene: best beams, their lobes, where they crowd, and what constant and random beams
   reach; on a recording made by hand, compared with the definitions written out plainly. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "beamcue/dataset.h"
#include "check.h"
#include "formats/deepsense_text.h"
#include "formats/image.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_beams"

enum { BEAMS = 152, ROWS = 60 };

static double power[ROWS][BEAMS];
static int best[ROWS];

/* Scene "near": 30 rows in three episodes, best beams 17, 18, 19 in turn; scene "far": best 60 in 20 rows and
   130 in 10. Everything else is noise that the best beam stands out of. */
static void make_power(void)
{
    unsigned state = 1;
    for (int i = 0; i < ROWS; i++) {
        for (int b = 0; b < BEAMS; b++) {
            state = state * 1664525u + 1013904223u;
            power[i][b] = 1e-9 * (1.0 + (double)(state >> 8) / (1 << 24));
        }
        best[i] = i < 30 ? 17 + i % 3 : i < 50 ? 60 : 130;
        power[i][best[i]] = 1e-8 * (1 + i % 5);
    }
}

static void write_file(const char *name, const void *data, size_t size)
{
    char path[512];
    bcue_error error;
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    CHECK_OK(bcue_file_write(path, data, size, &error), error);
}

static void write_recording(void)
{
    bcue_error error;
    bcue_text table = {0};
    uint8_t pixels[3 * 16] = {0};
    const bcue_image image = {.width = 4, .height = 4, .channels = 3, .pixels = pixels};
    bcue_bytes jpeg = {0};
    CHECK_OK(bcue_make_dirs(FOLDER, &error), error);
    CHECK_OK(bcue_jpeg_encode(&image, 90, &jpeg, &error), error);
    write_file("i.jpg", jpeg.data, jpeg.size);
    bcue_bytes_free(&jpeg);
    bcue_text_puts(&table, "index,unit1_rgb,unit1_pwr_60ghz,unit1_beam,seq_index,scene,condition\n");
    for (int i = 0; i < ROWS; i++) {
        char name[32];
        bcue_text numbers = {0};
        snprintf(name, sizeof name, "p%d.txt", i);
        bcue_deepsense_power_write(power[i], BEAMS, &numbers);
        write_file(name, numbers.data, numbers.size);
        bcue_text_free(&numbers);
        bcue_text_printf(&table, "%d,i.jpg,%s,%d,%d,%s,%s\n", i + 1, name, best[i] + 1, i / 10 + 1,
                         i < 30 ? "near" : "far", i / 10 % 2 ? "noon" : "rain");
    }
    write_file("scenario.csv", table.data, table.size);
    static const char manifest[] = "{\"counts\": {\"beams\": 152}}";
    write_file("manifest.json", manifest, strlen(manifest));
    bcue_text_free(&table);
}

static double percentile(int row, int beam)
{
    int rank = 1;
    for (int b = 0; b < BEAMS; b++)
        rank += power[row][b] > power[row][beam];
    return 100.0 * (BEAMS - rank + 1) / BEAMS;
}

static double loss(int row, int beam)
{
    return 10.0 * log10(power[row][best[row]] / power[row][beam]);
}

static double number(const json_t *object, const char *outer, const char *inner)
{
    const json_t *found = json_object_get(object, outer);
    return json_number_value(inner ? json_object_get(found, inner) : found);
}

/* By the definitions: best constant beam, and the mean over all beams. */
static void check_blind(const json_t *scene, int first, int last)
{
    double most = 0, sum = 0, sum_loss = 0, rows = last - first;
    int constant = -1;
    for (int b = 0; b < BEAMS; b++) {
        double mean = 0;
        for (int i = first; i < last; i++) {
            mean += percentile(i, b) / rows;
            sum_loss += loss(i, b) / rows / BEAMS;
        }
        sum += mean / BEAMS;
        if (mean > most) {
            most = mean;
            constant = b;
        }
    }
    double constant_loss = 0;
    for (int i = first; i < last; i++)
        constant_loss += loss(i, constant) / rows;
    CHECK_INT((int)number(scene, "constant", "beam"), constant);
    CHECK_NEAR(number(scene, "constant", "mpr"), most, 1e-6);
    CHECK_NEAR(number(scene, "constant", "loss_db"), constant_loss, 1e-6);
    CHECK_NEAR(number(scene, "random", "mpr"), sum, 1e-6);
    CHECK_NEAR(number(scene, "random", "loss_db"), sum_loss, 1e-6);
}

static void check_ridge(const json_t *scene, size_t index, int first, int peak, int last, double share)
{
    const json_t *ridge = json_array_get(json_object_get(scene, "ridges"), index);
    CHECK_INT((int)number(ridge, "first", NULL), first);
    CHECK_INT((int)number(ridge, "peak", NULL), peak);
    CHECK_INT((int)number(ridge, "last", NULL), last);
    CHECK_NEAR(number(ridge, "share", NULL), share, 1e-9);
}

static void scenes_are_told_apart(void)
{
    bcue_report *report;
    bcue_error error;
    CHECK_OK(bcue_inspect(FOLDER, NULL, 0, FOLDER "/page.html", NULL, &report, &error), error);
    json_t *json = json_loads(bcue_report_json(report), 0, NULL);
    const json_t *scenes = json_object_get(json, "scenes");
    CHECK_INT((int)json_array_size(scenes), 2);
    const json_t *near = json_array_get(scenes, 0), *far = json_array_get(scenes, 1);
    CHECK_STR(json_string_value(json_object_get(near, "name")), "near");
    CHECK_INT((int)number(near, "samples", NULL), 30);
    CHECK_INT((int)number(near, "conditions", "rain"), 20);
    CHECK_INT((int)number(near, "conditions", "noon"), 10);
    /* Beams 0 to 39 have one lobe, 40 to 103 two, the others three. */
    CHECK_INT((int)number(near, "lobes", "single"), 30);
    CHECK_INT((int)number(far, "lobes", "double"), 20);
    CHECK_INT((int)number(far, "lobes", "triple"), 10);
    CHECK_NEAR(number(near, "kept_share", NULL), 0.0, 1e-9); /* 17, 18, 19, 17, ... */
    CHECK_NEAR(number(far, "kept_share", NULL), 1.0, 1e-9);
    /* The median of 1, 2, 3, 4, 5 times 1e-8. */
    CHECK_NEAR(number(near, "best_db", NULL), 10.0 * log10(3e-8), 1e-6);
    check_blind(near, 0, 30);
    check_blind(far, 30, 60);
    /* Ten samples on each of 17, 18, 19 smooth to 30, 60, 70, 60, 30 ninths on 16 to 20: from 17 to 19 it is
       at least half of the peak. */
    CHECK_INT((int)json_array_size(json_object_get(near, "ridges")), 1);
    check_ridge(near, 0, 17, 18, 19, 1.0);
    /* One beam alone: 3, 2, 1 ninths; its neighbours have more than half of the peak. */
    CHECK_INT((int)json_array_size(json_object_get(far, "ridges")), 2);
    check_ridge(far, 0, 59, 60, 61, 20.0 / 30.0);
    check_ridge(far, 1, 129, 130, 131, 10.0 / 30.0);
    json_decref(json);
    CHECK_CONTAINS(bcue_report_text(report), "Best beams by scene");
    CHECK_CONTAINS(bcue_report_text(report), "18-20"); /* from 1 */
    bcue_report_destroy(report);
}

static void the_page_shows_conditions_and_beams(void)
{
    bcue_error error;
    bcue_bytes page;
    CHECK_OK(bcue_file_read(FOLDER "/page.html", 1 << 24, &page, &error), error);
    static const char *const words[] = {"Conditions",
                                        "near, noon",
                                        "far, rain",
                                        "Lobes of the best beam",
                                        "far: how often each beam is the best",
                                        "near: best beam and its power",
                                        "Ridges: where best beams crowd"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        CHECK_CONTAINS((const char *)page.data, words[i]);
    bcue_bytes_free(&page);
}

/* A simulation without sensors has labels all the same; a table without anything is none. */
static void power_alone_is_enough(void)
{
    bcue_report *report;
    bcue_error error;
    bcue_text table = {0};
    CHECK_OK(bcue_make_dirs(FOLDER "/bare", &error), error);
    bcue_text_puts(&table, "index,unit1_pwr_60ghz,seq_index\n");
    for (int i = 0; i < ROWS; i++)
        bcue_text_printf(&table, "%d,../p%d.txt,1\n", i + 1, i);
    write_file("bare/scenario.csv", table.data, table.size);
    const char *beams[] = {"data.beams=152"};
    CHECK_OK(bcue_inspect(FOLDER "/bare", beams, 1, NULL, NULL, &report, &error), error);
    json_t *json = json_loads(bcue_report_json(report), 0, NULL);
    const json_t *scene = json_array_get(json_object_get(json, "scenes"), 0);
    CHECK_STR(json_string_value(json_object_get(scene, "name")), "bare"); /* the source's name */
    CHECK_INT((int)number(scene, "lobes", "single"), 30);
    check_blind(scene, 0, ROWS);
    json_decref(json);
    bcue_report_destroy(report);
    write_file("bare/scenario.csv", "index,seq_index\n1,1\n", 20);
    CHECK_STATUS(bcue_inspect(FOLDER "/bare", beams, 1, NULL, NULL, &report, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "and no unit1_pwr_60ghz");
    bcue_text_free(&table);
}

int main(void)
{
    make_power();
    write_recording();
    RUN(scenes_are_told_apart);
    RUN(the_page_shows_conditions_and_beams);
    RUN(power_alone_is_enough);
    return check_summary();
}
