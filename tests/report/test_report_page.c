/* Pages. test_example writes build/.../report_example.html from made-up data, to be looked at. */
#include "report/page.h"
#include "check.h"

#include <stdlib.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "xml_check.h"

enum { BEAMS = 64, WIDTH = 640, HEIGHT = 360 };

static void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void png_chunk(bcue_text *out, const char *type, const uint8_t *data, size_t size)
{
    uint8_t word[4];
    uint32_t crc = 0xFFFFFFFFu;
    put32(word, (uint32_t)size);
    bcue_text_append(out, word, 4);
    size_t from = out->size;
    bcue_text_append(out, type, 4);
    bcue_text_append(out, data, size);
    for (size_t i = from; i < out->size; i++) {
        crc ^= (uint8_t)out->data[i];
        for (int k = 0; k < 8; k++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    put32(word, ~crc);
    bcue_text_append(out, word, 4);
}

/* Grey value of a made-up street: sky, facades, road, a car at `car` (0..1 of the width). */
static uint8_t street(int x, int y, double car)
{
    double horizon = 0.42 * HEIGHT, at = (double)x / WIDTH - car;
    if (y > 0.5 * HEIGHT && y < 0.72 * HEIGHT && fabs(at) < 0.09)
        return y < 0.6 * HEIGHT ? 70 : 40;
    if (y > horizon)
        return (uint8_t)(95 + 45 * (y - horizon) / (HEIGHT - horizon) + ((x + 2 * y) % 97 < 2 ? 25 : 0));
    if (y > 0.12 * HEIGHT + 40 * fabs(sin(x / 90 * 1.7)))
        return (uint8_t)(x / 14 % 3 == 0 && y / 16 % 2 == 0 ? 100 : 135);
    return (uint8_t)(205 - y / 3);
}

static void make_picture(bcue_text *png, double car)
{
    size_t row = WIDTH + 1, raw_size = row * HEIGHT;
    uint8_t *data = bcue_calloc(raw_size + HEIGHT * 5 + 16, 1), header[13] = {0}, *p = data;
    uint32_t a = 1, b = 0; /* Adler-32 */
    *p++ = 0x78;
    *p++ = 0x01;
    for (int y = 0; y < HEIGHT; y++) { /* one stored block per row */
        uint8_t start[5] = {y == HEIGHT - 1, (uint8_t)(row & 255), (uint8_t)(row >> 8),
                            (uint8_t) ~(row & 255), (uint8_t) ~(row >> 8)};
        memcpy(p, start, 5);
        p += 5;
        for (int x = -1; x < WIDTH; x++) {
            *p = x < 0 ? 0 : street(x, y, car);
            a = (a + *p++) % 65521;
            b = (b + a) % 65521;
        }
    }
    put32(p, b << 16 | a);
    p += 4;
    put32(header, WIDTH);
    put32(header + 4, HEIGHT);
    header[8] = 8;
    bcue_text_append(png, "\x89PNG\r\n\x1a\n", 8);
    png_chunk(png, "IHDR", header, sizeof header);
    png_chunk(png, "IDAT", data, (size_t)(p - data));
    png_chunk(png, "IEND", header, 0);
    free(data);
}

static void add_chart(bcue_page *page, bcue_status status, bcue_text *svg, const char *caption)
{
    CHECK_INT(status, BCUE_OK);
    bcue_page_chart(page, svg, caption);
    bcue_text_free(svg);
}

static void example_results(bcue_page *page)
{
    static const char *const models[] = {"random",       "constant",         "position LUT",
                                         "position KNN", "camera ResNet-18", "camera + position"};
    static const double top1[] = {1.6, 9.3, 41.2, 48.7, 61.4, 66.0}, half[] = {0.2, 0.9, 1.9, 1.7, 1.3, 1.2};
    static const double top3[] = {4.7, 22.8, 76.4, 83.1, 91.2, 94.0};
    static const double loss[] = {11.92, 7.31, 1.92, 1.31, 0.74, 0.55};
    bcue_column columns[] = {{.title = "Model"},
                             {.title = "Top-1", .unit = "%", .align = BCUE_ALIGN_RIGHT, .decimals = 1},
                             {.title = "Top-3", .unit = "%", .align = BCUE_ALIGN_RIGHT, .decimals = 1},
                             {.title = "Below best", .unit = "dB", .align = BCUE_ALIGN_RIGHT, .decimals = 2},
                             {.title = "Beams probed", .align = BCUE_ALIGN_RIGHT}};
    bcue_table *table =
        bcue_table_create("Made-up models on a made-up street, 1,204 test samples", columns, 5);
    double low[6], high[6];
    for (int i = 0; i < 6; i++) {
        if (i == 2 || i == 4)
            bcue_table_rule(table);
        bcue_table_row(table);
        bcue_table_text(table, models[i]);
        bcue_table_plus_minus(table, top1[i], half[i]);
        if (i == 5)
            bcue_table_emphasise(table);
        bcue_table_number(table, top3[i]);
        if (i == 2)
            bcue_table_note(table, "Empty cells of the table answer at random.");
        bcue_table_number(table, loss[i]);
        if (i < 2)
            bcue_table_missing(table);
        else
            bcue_table_number(table, 3);
        low[i] = top1[i] - half[i];
        high[i] = top1[i] + half[i];
    }
    bcue_table_footnote(
        table, "\xC2\xB1 is the 95 %% interval of a hierarchical bootstrap over episodes and seeds.");
    bcue_page_table(page, table);
    bcue_table_destroy(table);
    bcue_text svg = {0};
    bcue_bar_series series[2] = {{.name = "top-1", .values = top1, .low = low, .high = high},
                                 {.name = "top-3", .values = top3}};
    bcue_bar_chart chart = {.options = {.description = "Accuracy of six models"},
                            .value = {.title = "accuracy", .unit = "%", .low = 0, .high = 100},
                            .categories = models,
                            .category_count = 6,
                            .series = series,
                            .series_count = 2,
                            .horizontal = true,
                            .values = true,
                            .decimals = 1};
    add_chart(page, bcue_chart_bars(&chart, &svg, NULL), &svg,
              "Accuracy per model; lines are 95 % intervals.");
}

static void example_training(bcue_page *page, bcue_rng *rng)
{
    double train[40], validation[40], metric[40], low[40], high[40], snr[40], x[40];
    for (int i = 0; i < 40; i++) {
        train[i] = 0.35 + 3.6 * exp(-i / 7.0) + 0.02 * bcue_rng_normal(rng);
        validation[i] = 0.85 + 3.1 * exp(-i / 6.0) + 0.006 * i + 0.05 * bcue_rng_normal(rng);
        metric[i] = 64 - 56 * exp(-i / 6.5) + bcue_rng_normal(rng);
        x[i] = pow(10, i / 13.0);
        snr[i] = 0.02 + 6 / x[i];
        low[i] = snr[i] * 0.75;
        high[i] = snr[i] * 1.35;
    }
    bcue_text svg = {0};
    bcue_training_chart chart = {.train_loss = train,
                                 .validation_loss = validation,
                                 .metric = metric,
                                 .metric_name = "top-1",
                                 .metric_unit = "%",
                                 .epoch_count = 40,
                                 .best_epoch = 27};
    add_chart(page, bcue_chart_training(&chart, &svg, NULL), &svg, "Training of the camera model, seed 7.");
    bcue_line_series series[2] = {
        {.name = "camera", .x = x, .y = snr, .low = low, .high = high, .count = 40},
        {.name = "camera + position", .x = x, .y = low, .count = 40, .dashed = true}};
    bcue_line_chart lines = {.options = {.width = 460, .height = 340},
                             .x = {.title = "training samples", .logarithmic = true},
                             .y = {.title = "power loss", .unit = "dB", .logarithmic = true},
                             .series = series,
                             .series_count = 2};
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    add_chart(page, bcue_chart_lines(&lines, &svg, NULL), &svg,
              "Power loss over training samples, with a 95 % band.");
    static double gaps[3000];
    for (int i = 0; i < 3000; i++)
        gaps[i] = fabs(bcue_rng_normal(rng)) + 0.3 * bcue_rng_uniform(rng);
    bcue_histogram histogram = {.options = {.width = 460, .height = 340},
                                .values = gaps,
                                .count = 3000,
                                .x = {.title = "gap between best and second beam", .unit = "dB"}};
    add_chart(page, bcue_chart_histogram(&histogram, &svg, NULL), &svg, "How clear the best beam is.");
    bcue_page_grid_end(page);
}

static void example_data(bcue_page *page, bcue_rng *rng)
{
    static double x[2400], y[2400], beam[2400], counts[BEAMS], confusion[BEAMS * BEAMS], small[36];
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < 2400; i++) {
        double lane = i % 3 == 0 ? 12 : i % 3 == 1 ? 15.5 : 22;
        x[i] = bcue_rng_range(rng, -48, 48);
        y[i] = lane + 0.5 * bcue_rng_normal(rng);
        beam[i] = floor(fmin(63, fmax(0, 32 + 30 * atan2(x[i], y[i]) / 1.2)));
        counts[(int)beam[i]]++;
        int guess = (int)fmin(63, fmax(0, beam[i] + floor(1.3 * bcue_rng_normal(rng) + 0.5)));
        confusion[(int)beam[i] * BEAMS + guess] += 1;
    }
    for (int i = 0; i < 36; i++)
        small[i] = i / 6 == i % 6 ? 0.62 + 0.05 * (i / 6) : abs(i / 6 - i % 6) == 1 ? 0.17 : 0.01;
    bcue_text svg = {0};
    bcue_map_mark mark = {.x = 0, .y = 0, .label = "RSU"};
    bcue_map_chart map = {.options = {.height = 400},
                          .x = {.title = "east", .unit = "m"},
                          .y = {.title = "north", .unit = "m"},
                          .value_title = "best beam",
                          .x_values = x,
                          .y_values = y,
                          .colors = beam,
                          .count = 2400,
                          .marks = &mark,
                          .mark_count = 1};
    add_chart(page, bcue_chart_map(&map, &svg, NULL), &svg,
              "Vehicle positions, coloured by the best measured beam.");
    bcue_bar_series series = {.values = counts};
    bcue_bar_chart bars = {.options = {.height = 280},
                           .category = {.title = "beam"},
                           .value = {.title = "samples", .integer = true},
                           .category_count = BEAMS,
                           .series = &series,
                           .series_count = 1};
    add_chart(page, bcue_chart_bars(&bars, &svg, NULL), &svg, "How often each beam is the best one.");
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    bcue_heat_map heat = {.options = {.width = 460, .height = 480},
                          .row_title = "true beam",
                          .column_title = "predicted beam",
                          .value_title = "samples",
                          .values = confusion,
                          .row_count = BEAMS,
                          .column_count = BEAMS};
    add_chart(page, bcue_chart_heat_map(&heat, &svg, NULL), &svg, "Confusion of beams.");
    heat = (bcue_heat_map){.options = {.width = 460, .height = 480},
                           .row_title = "truth",
                           .column_title = "predicted",
                           .value_title = "share",
                           .values = small,
                           .row_count = 6,
                           .column_count = 6,
                           .decimals = 2};
    add_chart(page, bcue_chart_heat_map(&heat, &svg, NULL), &svg, "Confusion of sectors.");
    bcue_page_grid_end(page);
}

static void example_sample(bcue_page *page, bcue_rng *rng)
{
    double power[BEAMS], azimuth[BEAMS], probability[BEAMS], total = 0;
    static const size_t ranked[] = {41, 40, 42, 39, 12};
    for (int i = 0; i < BEAMS; i++) {
        azimuth[i] = -45 + 90 * (i + 0.5) / BEAMS;
        power[i] = -55 - 0.35 * pow(fabs(i - 40.3), 1.4) + 1.2 * bcue_rng_normal(rng);
        probability[i] = exp(-0.5 * pow((i - 40.8) / 1.4, 2)) + (i == 12 ? 0.08 : 0.001);
        total += probability[i];
    }
    for (int i = 0; i < BEAMS; i++)
        probability[i] /= total;
    double of_ranked[5];
    for (int k = 0; k < 5; k++)
        of_ranked[k] = probability[ranked[k]];
    bcue_text svg = {0}, png = {0};
    make_picture(&png, 0.38);
    bcue_beam_overlay overlay = {.width = WIDTH,
                                 .height = HEIGHT,
                                 .horizontal_fov_deg = 90,
                                 .azimuth_deg = azimuth,
                                 .beam_count = BEAMS,
                                 .probability = probability,
                                 .ranked = ranked,
                                 .ranked_count = 5,
                                 .label = 40};
    CHECK_INT(bcue_chart_overlay(&overlay, &svg, NULL), BCUE_OK);
    bcue_page_picture(page, png.data, png.size, "A street with a car",
                      "Ranked beams over the frame. 1 is the first choice; dashed is the best measured beam.",
                      &svg);
    bcue_text_free(&svg);
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    bcue_beam_chart beams = {.options = {.width = 460, .height = 400},
                             .power_db = power,
                             .azimuth_deg = azimuth,
                             .beam_count = BEAMS,
                             .ranked = ranked,
                             .ranked_count = 5,
                             .probability = of_ranked,
                             .label = 40};
    add_chart(page, bcue_chart_beams(&beams, &svg, NULL), &svg, "Measured power per beam, seen from above.");
    beams.azimuth_deg = NULL;
    add_chart(page, bcue_chart_beams(&beams, &svg, NULL), &svg, "The same over the beam index.");
    bcue_page_grid_end(page);
    bcue_page_heading(page, "Sample frames");
    bcue_page_grid_begin(page, BCUE_GRID_GALLERY);
    for (int i = 0; i < 4; i++) {
        char caption[64];
        bcue_text_free(&png);
        make_picture(&png, 0.2 + 0.2 * i);
        snprintf(caption, sizeof caption, "frame %d, beam %d", 100 * i, 12 + 13 * i);
        bcue_page_picture(page, png.data, png.size, "Sample frame", caption, NULL);
    }
    bcue_page_grid_end(page);
    bcue_text_free(&png);
}

static bcue_page *example(void)
{
    bcue_page *page = bcue_page_create(
        "Camera and position beat either alone on one street",
        "What the models of this example learnt from 4,800 frames of a roadside camera and a GNSS receiver.");
    bcue_rng rng = bcue_rng_make(7, BCUE_RNG_TEST, 0, 0, 0);
    bcue_page_fact big[] = {{"top-1 accuracy, camera + position", "66.0 %", "95 % interval 64.8 to 67.2"},
                            {"power below the best beam", "0.55 dB", "mean over 1,204 samples"},
                            {"beams probed instead of 64", "3", "94.0 % contain the best"},
                            {"time per answer", "13.4 ms", "median, one thread"}};
    bcue_page_fact facts[] = {{"episodes", "48", NULL},  {"frames", "4,812", NULL},
                              {"rate", "9.8 Hz", NULL},  {"beams", "64", "90\xC2\xB0 wide codebook"},
                              {"camera", "100 %", NULL}, {"GNSS", "97.3 %", "130 fixes missing"}};
    bcue_page_section(page, "At a glance");
    bcue_page_highlights(page, big, 4);
    bcue_page_callout(page, BCUE_CALLOUT_WARNING, "This split leaks",
                      "87 % of the test rows have a training neighbour one image away, so these numbers "
                      "flatter every model.");
    bcue_page_section(page, "Results");
    bcue_page_paragraph(
        page, "Every model answers with three beams to probe. Intervals resample episodes, then seeds.");
    example_results(page);
    bcue_page_section(page, "Training");
    example_training(page, &rng);
    bcue_page_section(page, "Data");
    bcue_page_facts(page, facts, 6);
    bcue_page_callout(page, BCUE_CALLOUT_NOTE, "Made-up data",
                      "This page shows what report pages can hold. Its numbers mean nothing.");
    example_data(page, &rng);
    bcue_page_section(page, "One sample");
    example_sample(page, &rng);
    return page;
}

static const bcue_provenance origin = {.command =
                                           "beamcue report --config configs/example.yaml --out report.html",
                                       .version = "0.1.0",
                                       .commit = "0123456789ab",
                                       .seed = "7",
                                       .date = "2026-01-31T12:00:00Z",
                                       .machine = "2 cores, made up",
                                       .duration = "4 min 12 s"};

static void check_page(const bcue_text *out)
{
    size_t offset = 0;
    const char *fault = bcue_xml_fault(out->data, out->size, &offset);
    CHECK_AT(fault == NULL, "%s at byte %zu: %.60s", fault, offset, out->data + offset);
    CHECK(strstr(out->data, "<script") == NULL);
    CHECK(strstr(out->data, "<link") == NULL);
    for (const char *p = out->data; (p = strstr(p, "http")) != NULL;
         p++) /* nothing is fetched: only names of formats */
        CHECK(strncmp(p, "http://www.w3.org/", 18) == 0);
}

static void test_example(void)
{
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_page *page = example();
    CHECK_OK(bcue_page_render(page, &origin, &out, &error), error);
    check_page(&out);
    CHECK_INT(bcue_xml_count(out.data, "img"), 5);
    CHECK_INT(bcue_xml_count(out.data, "section"), 5);
    CHECK(out.size < 4000000);
    bcue_text_free(&out);
    CHECK_OK(bcue_page_write(page, &origin, BCUE_BINARY_DIR "/report_example.html", &error), error);
    bcue_page_destroy(page);
}

static void test_hostile_names(void)
{
    static const char evil[] = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&\x1b\xFF";
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_page *page = bcue_page_create(evil, evil);
    bcue_page_fact fact = {evil, evil, evil};
    uint8_t png[16] = "\x89PNG\r\n\x1a\n";
    for (int i = 0; i < 3; i++)
        bcue_page_section(page, evil);
    bcue_page_heading(page, evil);
    bcue_page_paragraph(page, "%s", evil);
    bcue_page_facts(page, &fact, 1);
    bcue_page_highlights(page, &fact, 1);
    bcue_page_callout(page, BCUE_CALLOUT_NOTE, evil, evil);
    bcue_page_picture(page, png, sizeof png, evil, evil, NULL);
    bcue_provenance all = {evil, evil, evil, evil, evil, evil, evil};
    CHECK_OK(bcue_page_render(page, &all, &out, &error), error);
    check_page(&out);
    CHECK_INT(bcue_xml_count(out.data, "img"), 1);
    bcue_text_free(&out);
    bcue_page_destroy(page);
}

static void test_empty_and_wrong(void)
{
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_page *page = bcue_page_create(NULL, NULL);
    CHECK_OK(bcue_page_render(page, NULL, &out, &error), error);
    check_page(&out);
    bcue_text_free(&out);
    bcue_page_grid_begin(page, BCUE_GRID_GALLERY); /* left open: closed by the next section and by the end */
    bcue_page_section(page, "one");
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    CHECK_OK(bcue_page_render(page, NULL, &out, &error), error);
    check_page(&out);
    bcue_text_free(&out);
    bcue_page_picture(page, "GIF89a..", 8, "cat", NULL, NULL);
    CHECK_STATUS(bcue_page_render(page, NULL, &out, &error), BCUE_ERROR_FORMAT);
    CHECK_STR(error.text, "picture \"cat\" is neither JPEG nor PNG");
    CHECK_INT(out.size, 0);
    bcue_page_destroy(page);
    page = bcue_page_create("large", NULL);
    bcue_page_picture(page, "x", BCUE_PAGE_MAX_PICTURE + 1, "huge", NULL,
                      NULL); /* refused before it is read */
    CHECK_STATUS(bcue_page_render(page, NULL, &out, &error), BCUE_ERROR_DATA);
    bcue_page_destroy(page);
    page = bcue_page_create("table", NULL);
    bcue_page_table(page, NULL);
    CHECK_STATUS(bcue_page_write(page, NULL, BCUE_BINARY_DIR "/never.html", &error), BCUE_ERROR_ARGUMENT);
    CHECK(!bcue_path_exists(BCUE_BINARY_DIR "/never.html"));
    bcue_page_destroy(page);
    bcue_page_destroy(NULL);
}

int main(void)
{
    RUN(test_example);
    RUN(test_hostile_names);
    RUN(test_empty_and_wrong);
    return check_summary();
}
