/* The power of every beam of one sample, as a fan or as bars. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/fail.h"
#include "report/beam_parts.h"
#include "report/markup.h"
#include "report/svg.h"

static const double pi = 3.14159265358979323846;

void bcue_beam_bounds(const double *azimuth_deg, size_t count, size_t i, double *low_deg, double *high_deg)
{
    double below = INFINITY, above = INFINITY; /* distance to the neighbours */
    for (size_t k = 0; k < count; k++) {
        double gap = azimuth_deg[k] - azimuth_deg[i];
        if (gap > 0)
            above = fmin(above, gap);
        else if (gap < 0)
            below = fmin(below, -gap);
    }
    if (isinf(below) && isinf(above))
        below = above = 10;
    below = isinf(below) ? above : below;
    above = isinf(above) ? below : above;
    *low_deg = azimuth_deg[i] - below / 2;
    *high_deg = azimuth_deg[i] + above / 2;
}

bcue_status bcue_beam_check(size_t beam_count, const size_t *ranked, size_t ranked_count, ptrdiff_t label,
                            bcue_error *error)
{
    if (beam_count > BCUE_CHART_MAX_BARS || ranked_count > beam_count || (ranked_count > 0 && ranked == NULL))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a picture of beams takes up to %d beams and no more ranks than beams, not %zu and %zu",
            BCUE_CHART_MAX_BARS, beam_count, ranked_count);
    for (size_t k = 0; k < ranked_count; k++)
        if (ranked[k] >= beam_count)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "ranked beam %zu does not exist: there are %zu beams", ranked[k], beam_count);
    if (label < -1 || (label >= 0 && (size_t)label >= beam_count))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the label, beam %td, does not exist: there are %zu beams", label, beam_count);
    return BCUE_OK;
}

int bcue_place(bcue_placed *placed, double at, double apart)
{
    int level = 0;
    for (size_t i = 0; i < placed->count; i++)
        if (placed->level[i] == level && fabs(placed->at[i] - at) < apart) {
            level++;
            i = (size_t)-1; /* look at all of them again, on the next level */
        }
    if (placed->count < BCUE_MAX_PLACED) {
        placed->at[placed->count] = at;
        placed->level[placed->count++] = level;
    }
    return level;
}

static size_t rank_of(const bcue_beam_chart *chart, size_t beam) /* from 1; 0: not ranked */
{
    for (size_t k = 0; k < chart->ranked_count; k++)
        if (chart->ranked[k] == beam)
            return k + 1;
    return 0;
}

/* Power as a part of the shown range, 0..1; nan for a beam without one. */
static double part_of(double power, double strongest, double range_db)
{
    if (!isfinite(power))
        return power < 0 ? 0 : NAN; /* no power at all is -inf dB */
    return fmax(0, 1 - (strongest - power) / range_db);
}

static void beam_style(const bcue_beam_chart *chart, size_t beam, char *style, size_t size)
{
    size_t rank = rank_of(chart, beam);
    if (rank == 0)
        snprintf(style, size, "class=\"bq-q\" fill-opacity=\"0.55\"");
    else
        snprintf(style, size, "class=\"bq-f%d\" fill-opacity=\"%.2f\"", rank == 1 ? 1 : 4,
                 rank <= 2 ? 1.0 : fmax(0.45, 1.15 - 0.15 * (double)rank));
}

static void tooltip(bcue_svg *svg, const bcue_beam_chart *chart, size_t beam)
{
    char power[BCUE_NUMBER_SIZE], words[160];
    bcue_format_number(power, chart->power_db[beam], 1, false);
    snprintf(words, sizeof words, "beam %zu: %s dB", beam, power);
    bcue_text_puts(svg->out, "<title>");
    bcue_escape_html(svg->out, words);
    bcue_text_puts(svg->out, "</title>");
}

/* The keys, and the ranking in words. */
static void draw_head(bcue_svg *svg, const bcue_beam_chart *chart)
{
    double x = 4, y = svg->top + 8;
    static const char *const names[4] = {"first choice", "further choices", "best measured", "other beams"};
    static const char *const classes[4] = {"bq-f1", "bq-f4", "bq-o", "bq-q"};
    bool shown[4] = {chart->ranked_count > 0, chart->ranked_count > 1, chart->label >= 0, true};
    for (int i = 0; i < 4; i++) {
        if (!shown[i])
            continue;
        double width = 22 + bcue_svg_width(names[i]) + 16;
        if (x > 4 && x + width > svg->width) {
            x = 4;
            y += 20;
        }
        bcue_svg_rect(svg, x + 2, y - 5.5, 11, 11, classes[i], NULL);
        bcue_svg_text(svg, x + 20, y + 4, BCUE_ANCHOR_START, "bq-k", names[i]);
        x += width;
    }
    svg->top = y + 16;
    if (chart->ranked_count == 0)
        return;
    char line[512] = "";
    for (size_t k = 0; k < chart->ranked_count && k < 5; k++) { /* as many as fit */
        char entry[80], longer[sizeof line + sizeof entry];
        int length = snprintf(entry, sizeof entry, "%s%zu: beam %zu", k > 0 ? "  \xC2\xB7  " : "", k + 1,
                              chart->ranked[k]);
        if (chart->probability != NULL && isfinite(chart->probability[k]))
            snprintf(entry + length, sizeof entry - (size_t)length, " (%.0f %%)",
                     100 * fmin(fmax(chart->probability[k], 0), 1));
        snprintf(longer, sizeof longer, "%s%s", line, entry);
        if (bcue_svg_width(longer) > svg->width - 8 || strlen(longer) >= sizeof line)
            break;
        memcpy(line, longer, sizeof line);
    }
    bcue_svg_text(svg, 6, svg->top + 6, BCUE_ANCHOR_START, NULL, line);
    svg->top += 18;
}

typedef struct fan {
    double x, y, inner, outer; /* centre and radii, px */
} fan;

static void polar(const fan *f, double radius, double angle_deg, double *x, double *y)
{
    *x = f->x - radius * sin(angle_deg * pi / 180);
    *y = f->y - radius * cos(angle_deg * pi / 180);
}

static void arc(bcue_svg *svg, const fan *f, double radius, double from_deg, double to_deg,
                const char *classes)
{
    double x1, y1, x2, y2;
    polar(f, radius, from_deg, &x1, &y1);
    polar(f, radius, to_deg, &x2, &y2);
    bcue_text_printf(svg->out,
                     "<path class=\"%s\" fill=\"none\" d=\"M%.1f %.1fA%.1f %.1f 0 %d 0 %.1f %.1f\"/>",
                     classes, x1, y1, radius, radius, to_deg - from_deg > 180, x2, y2);
}

static void wedge(bcue_svg *svg, const fan *f, double radius, double low_deg, double high_deg)
{
    double x[4], y[4];
    polar(f, f->inner, low_deg, &x[0], &y[0]);
    polar(f, radius, low_deg, &x[1], &y[1]);
    polar(f, radius, high_deg, &x[2], &y[2]);
    polar(f, f->inner, high_deg, &x[3], &y[3]);
    int large = high_deg - low_deg > 180;
    bcue_text_printf(
        svg->out,
        " d=\"M%.1f %.1fL%.1f %.1fA%.1f %.1f 0 %d 0 %.1f %.1fL%.1f %.1fA%.1f %.1f 0 %d 1 %.1f %.1fZ\"", x[0],
        y[0], x[1], y[1], radius, radius, large, x[2], y[2], x[3], y[3], f->inner, f->inner, large, x[0],
        y[0]);
}

static fan place_fan(const bcue_svg *svg, double span_deg)
{
    double half = fmin(span_deg, 90) * pi / 180, top = svg->top + 42;
    double below =
        span_deg > 90 ? -cos(fmin(span_deg, 180) * pi / 180) : 0; /* how far the fan reaches behind */
    double radius = fmin((svg->width / 2 - 44) / sin(half), (svg->height - top - 26) / (1 + below));
    radius = fmax(radius, 30);
    return (fan){.x = svg->width / 2, .y = top + radius, .inner = 0.16 * radius, .outer = radius};
}

static void draw_rings(bcue_svg *svg, const fan *f, double from, double to, double range_db)
{
    double step = range_db > 25 ? 10 : range_db > 12 ? 5 : 2;
    for (double db = 0; db < range_db; db += step) {
        double radius = f->outer - (f->outer - f->inner) * db / range_db, x, y;
        arc(svg, f, radius, from, to, "bq-g");
        if (from < -170)
            continue;
        char words[32];
        snprintf(words, sizeof words, db > 0 ? "\xE2\x88\x92%.0f dB" : "0 dB", db);
        polar(f, radius, from, &x, &y);
        bcue_svg_text(svg, x + 5, y + 12, BCUE_ANCHOR_START, "bq-s", words);
    }
}

/* The azimuth every 30 degrees outside the outer ring, where no rank stands. */
static void draw_azimuths(bcue_svg *svg, const bcue_beam_chart *chart, const fan *f, double from, double to)
{
    for (int k = -5; k <= 6; k++) {
        double angle = 30 * k, x, y;
        bool taken = angle < from || angle > to;
        for (size_t r = 0; r < chart->ranked_count && r < 5; r++)
            taken = taken || fabs(chart->azimuth_deg[chart->ranked[r]] - angle) * pi / 180 * f->outer < 34;
        if (taken)
            continue;
        char words[32];
        snprintf(words, sizeof words, "%s%d\xC2\xB0", k < 0 ? "\xE2\x88\x92" : "", k < 0 ? -30 * k : 30 * k);
        polar(f, f->outer + 13, angle, &x, &y);
        bcue_svg_text(svg, x, y + 4, BCUE_ANCHOR_MIDDLE, "bq-s", words);
    }
}

static void draw_fan(bcue_svg *svg, const bcue_beam_chart *chart, double strongest, double range_db)
{
    double from = 180, to = -180, low, high;
    for (size_t i = 0; i < chart->beam_count; i++)
        if (isfinite(chart->azimuth_deg[i]) && fabs(chart->azimuth_deg[i]) <= 180) {
            bcue_beam_bounds(chart->azimuth_deg, chart->beam_count, i, &low, &high);
            from = fmax(-180, fmin(from, low));
            to = fmin(180, fmax(to, high));
        }
    if (to - from > 359.9) { /* an arc from a point to itself would be empty */
        from = -179.95;
        to = 179.95;
    }
    fan f = place_fan(svg, fmax(fabs(from), fabs(to)));
    draw_rings(svg, &f, from, to, range_db);
    draw_azimuths(svg, chart, &f, from, to);
    arc(svg, &f, f.inner, from, to, "bq-a");
    for (size_t i = 0; i < chart->beam_count; i++) {
        double part = part_of(chart->power_db[i], strongest, range_db);
        if (!isfinite(chart->azimuth_deg[i]) || fabs(chart->azimuth_deg[i]) > 180 || isnan(part))
            continue;
        char style[80];
        beam_style(chart, i, style, sizeof style);
        bcue_beam_bounds(chart->azimuth_deg, chart->beam_count, i, &low, &high);
        double gap = (high - low) * 0.06;
        bcue_text_printf(svg->out, "<path %s", style);
        wedge(svg, &f, f.inner + (f.outer - f.inner) * fmax(part, 0.01), low + gap, high - gap);
        bcue_text_puts(svg->out, ">");
        tooltip(svg, chart, i);
        bcue_text_puts(svg->out, "</path>");
    }
    if (chart->label >= 0 && isfinite(chart->azimuth_deg[chart->label])) {
        double part = part_of(chart->power_db[chart->label], strongest, range_db);
        bcue_beam_bounds(chart->azimuth_deg, chart->beam_count, (size_t)chart->label, &low, &high);
        bcue_text_puts(svg->out, "<path class=\"bq-o\"");
        wedge(svg, &f, f.inner + (f.outer - f.inner) * (isnan(part) ? 1 : fmax(part, 0.05)), low, high);
        bcue_text_puts(svg->out, "/>");
    }
    bcue_placed placed = {0};
    for (size_t k = 0; k < chart->ranked_count && k < 5; k++) {
        double angle = chart->azimuth_deg[chart->ranked[k]], x, y;
        if (!isfinite(angle) || fabs(angle) > 180)
            continue;
        char words[24];
        snprintf(words, sizeof words, "%zu", k + 1);
        int level = bcue_place(&placed, angle * pi / 180 * f.outer, 13);
        polar(&f, f.outer + 10 + 13 * (level < 2 ? level : 2), angle, &x, &y);
        bcue_svg_text(svg, x, y + 4, BCUE_ANCHOR_MIDDLE, "bq-k bq-b", words);
    }
}

static void draw_bars(bcue_svg *svg, const bcue_beam_chart *chart, double strongest, double range_db)
{
    bcue_chart_axis x = {
        .title = "beam", .integer = true, .low = -0.5, .high = (double)chart->beam_count - 0.5};
    bcue_chart_axis y = {.title = "power", .unit = "dB below the best", .low = -range_db, .high = 0};
    bcue_panel panel;
    svg->top += 30;
    bcue_panel_fit(&panel, &x, &y, BCUE_EMPTY_RANGE, BCUE_EMPTY_RANGE, 0, svg->top, svg->width, svg->height,
                   false);
    bcue_panel_draw(svg, &panel, &x, &y);
    double pitch = (panel.right - panel.left) / (double)chart->beam_count;
    bcue_placed placed = {0};
    for (size_t i = 0; i < chart->beam_count; i++) {
        double part = part_of(chart->power_db[i], strongest, range_db);
        if (isnan(part))
            continue;
        double height = (panel.bottom - panel.top) * part, left = panel.left + ((double)i + 0.1) * pitch;
        char style[80], words[24];
        beam_style(chart, i, style, sizeof style);
        bcue_text_printf(svg->out, "<rect %s x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\">", style,
                         left, panel.bottom - height, pitch * 0.8, height);
        tooltip(svg, chart, i);
        bcue_text_puts(svg->out, "</rect>");
        if (chart->label == (ptrdiff_t)i)
            bcue_svg_rect(svg, left, panel.bottom - height, pitch * 0.8, height, "bq-o", NULL);
        size_t rank = rank_of(chart, i);
        if (rank == 0 || rank > 5)
            continue;
        snprintf(words, sizeof words, "%zu", rank);
        double tallest = part; /* of the bars that the number could cover */
        for (size_t k = 0; k < chart->beam_count; k++)
            if (fabs((double)k - (double)i) * pitch < 16)
                tallest = fmax(tallest, part_of(chart->power_db[k], strongest, range_db));
        double over = panel.bottom - (panel.bottom - panel.top) * tallest;
        int level = bcue_place(&placed, left, 14);
        bcue_svg_text(svg, left + 0.4 * pitch, over - 5 - 13 * (level < 2 ? level : 2), BCUE_ANCHOR_MIDDLE,
                      "bq-k bq-b bq-halo", words);
    }
}

bcue_status bcue_chart_beams(const bcue_beam_chart *chart, bcue_text *out, bcue_error *error)
{
    BCUE_TRY(bcue_beam_check(chart->beam_count, chart->ranked, chart->ranked_count, chart->label, error));
    if (chart->beam_count > 0 && chart->power_db == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a chart of beams needs power_db");
    bcue_svg svg;
    bool as_fan = chart->azimuth_deg != NULL;
    BCUE_TRY(bcue_svg_begin(&svg, &chart->options, as_fan ? 560 : 960, as_fan ? 420 : 320, "Power per beam",
                            out, error));
    draw_head(&svg, chart);
    bcue_range powers = BCUE_EMPTY_RANGE;
    bcue_range_add_all(&powers, chart->power_db, chart->beam_count, false);
    double range_db = chart->range_db > 0 && isfinite(chart->range_db) ? chart->range_db : 30;
    range_db = fmin(fmax(range_db, 3), 120);
    if (powers.low > powers.high)
        bcue_svg_text(&svg, svg.width / 2, svg.height / 2, BCUE_ANCHOR_MIDDLE, "bq-m", "no data");
    else if (as_fan)
        draw_fan(&svg, chart, powers.high, range_db);
    else
        draw_bars(&svg, chart, powers.high, range_db);
    return bcue_svg_end(&svg, error);
}
