/* Beams over a camera picture. The colours are fixed: a picture has no light and dark theme, so everything
   that must be read carries its own dark backing. */
#include <math.h>
#include <stdio.h>
#include "base/fail.h"
#include "report/beam_parts.h"
#include "report/markup.h"
#include "report/svg.h"

#define FIRST "#ff8f3f"
#define FURTHER "#ffd166"
#define MEASURED "#3fe0b0"

static const double degree = 3.14159265358979323846 / 180;

double bcue_overlay_column(const bcue_beam_overlay *overlay, double azimuth_deg)
{
    double off = remainder(azimuth_deg - overlay->camera_yaw_deg, 360);
    if (!(fabs(off) < 89.9))
        return NAN;
    return overlay->width / 2 -
           overlay->width / 2 * tan(off * degree) / tan(overlay->horizontal_fov_deg / 2 * degree);
}

/* The columns of a beam inside the picture; false: it is outside. `side` is -1 left, 1 right of the picture
 * then. */
static bool columns_of(const bcue_beam_overlay *overlay, size_t beam, double *left, double *right, int *side)
{
    double low, high, azimuth = overlay->azimuth_deg[beam];
    *side = remainder(azimuth - overlay->camera_yaw_deg, 360) > 0 ? -1 : 1;
    if (!isfinite(azimuth))
        return false;
    double centre = bcue_overlay_column(overlay, azimuth);
    if (!(centre >= 0 && centre <= overlay->width))
        return false;
    bcue_beam_bounds(overlay->azimuth_deg, overlay->beam_count, beam, &low, &high);
    *left = bcue_overlay_column(overlay, high);
    *right = bcue_overlay_column(overlay, low);
    *left = isnan(*left) ? 0 : fmax(*left, 0);
    *right = isnan(*right) ? overlay->width : fmin(*right, overlay->width);
    return *right > *left;
}

static double probability_of(const bcue_beam_overlay *overlay, size_t beam, size_t rank)
{
    if (overlay->probability == NULL || !isfinite(overlay->probability[beam]))
        return 1.0 / (double)(rank + 1);
    return fmin(fmax(overlay->probability[beam], 0), 1);
}

static void draw_bands(bcue_text *out, const bcue_beam_overlay *overlay)
{
    for (size_t k = overlay->ranked_count; k-- > 0;) {
        double left, right;
        int side;
        if (!columns_of(overlay, overlay->ranked[k], &left, &right, &side))
            continue;
        bcue_text_printf(
            out,
            "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" fill-opacity=\"%.2f\"/>",
            left, right - left, overlay->height, k == 0 ? FIRST : FURTHER,
            0.16 + 0.34 * probability_of(overlay, overlay->ranked[k], k));
    }
}

static void draw_bars(bcue_text *out, const bcue_beam_overlay *overlay, double unit)
{
    double strip = 74 * unit, bottom = overlay->height, most = 0;
    if (overlay->probability == NULL)
        return;
    for (size_t i = 0; i < overlay->beam_count; i++)
        most = isfinite(overlay->probability[i]) ? fmax(most, overlay->probability[i]) : most;
    if (!(most > 0))
        return;
    bcue_text_printf(
        out,
        "<rect x=\"0\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#0c1116\" fill-opacity=\"0.62\"/>",
        bottom - strip, overlay->width, strip);
    for (size_t i = 0; i < overlay->beam_count; i++) {
        double left, right;
        int side;
        if (!columns_of(overlay, i, &left, &right, &side) || !isfinite(overlay->probability[i]))
            continue;
        const char *color = "#dfe6ec";
        for (size_t k = overlay->ranked_count; k-- > 0;)
            if (overlay->ranked[k] == i)
                color = k == 0 ? FIRST : FURTHER;
        double height = (strip - 26 * unit) * fmax(overlay->probability[i], 0) / most;
        double gap = (right - left) * 0.12;
        bcue_text_printf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
                         left + gap, bottom - height, right - left - 2 * gap, height, color);
    }
    bcue_text_printf(
        out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" fill=\"#dfe6ec\">probability per beam</text>",
        10 * unit, bottom - strip + 18 * unit, 14 * unit);
}

static void draw_label(bcue_text *out, const bcue_beam_overlay *overlay, double unit)
{
    double left, right;
    int side;
    if (overlay->label < 0 || !columns_of(overlay, (size_t)overlay->label, &left, &right, &side))
        return;
    double x = (left + right) / 2, y = overlay->height - 74 * unit;
    bcue_text_printf(
        out,
        "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"" MEASURED
        "\" stroke-width=\"%.1f\" stroke-dasharray=\"%.1f %.1f\"/>",
        left, right - left, overlay->height, 2 * unit, 8 * unit, 6 * unit);
    bool to_left = x > overlay->width * 0.75;
    bcue_text_printf(
        out,
        "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" font-weight=\"600\" fill=\"" MEASURED
        "\" stroke=\"#0c1116\" stroke-width=\"%.1f\" paint-order=\"stroke\"%s>best measured: %td</text>",
        to_left ? left - 8 * unit : right + 8 * unit, y - 10 * unit, 15 * unit, 3 * unit,
        to_left ? " text-anchor=\"end\"" : "", overlay->label);
}

/* Round badges with the rank; beams outside the picture point out of it. */
static void draw_ranks(bcue_text *out, const bcue_beam_overlay *overlay, double unit)
{
    bcue_placed placed = {0};
    for (size_t k = 0; k < overlay->ranked_count && k < 9; k++) {
        double left, right, radius = 14 * unit;
        int side;
        bool inside = columns_of(overlay, overlay->ranked[k], &left, &right, &side);
        if (!inside && !isfinite(overlay->azimuth_deg[overlay->ranked[k]]))
            continue;
        double x = inside ? (left + right) / 2 : side < 0 ? 26 * unit : overlay->width - 26 * unit;
        x = fmin(fmax(x, radius + 2 * unit), overlay->width - radius - 2 * unit);
        int level = bcue_place(&placed, x, 2.2 * radius);
        double y = 22 * unit + 32 * unit * level;
        const char *color = k == 0 ? FIRST : FURTHER;
        bcue_text_printf(
            out,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\" stroke=\"#0c1116\" "
            "stroke-width=\"%.1f\"/>"
            "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" font-weight=\"700\" fill=\"#0c1116\" "
            "text-anchor=\"middle\">%zu</text>",
            x, y, radius, color, 1.5 * unit, x, y + 5.5 * unit, 16 * unit, k + 1);
        if (!inside)
            bcue_text_printf(out, "<path d=\"M%.1f %.1fl%.1f %.1fv%.1fZ\" fill=\"%s\"/>",
                             x + side * 22 * unit, y, -side * 6 * unit, -6 * unit, 12 * unit, color);
    }
}

bcue_status bcue_chart_overlay(const bcue_beam_overlay *overlay, bcue_text *out, bcue_error *error)
{
    BCUE_TRY(
        bcue_beam_check(overlay->beam_count, overlay->ranked, overlay->ranked_count, overlay->label, error));
    if (!(overlay->width > 0 && overlay->width <= 65536 && overlay->height > 0 && overlay->height <= 65536) ||
        !(overlay->horizontal_fov_deg > 0 && overlay->horizontal_fov_deg < 170) ||
        !isfinite(overlay->camera_yaw_deg) || (overlay->beam_count > 0 && overlay->azimuth_deg == NULL))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "beams over a picture need its size (1 to 65536 px), a horizontal field of view in 0..170 "
            "degrees, the camera's yaw and azimuths; got %g x %g px, %g and %g degrees",
            overlay->width, overlay->height, overlay->horizontal_fov_deg, overlay->camera_yaw_deg);
    size_t start = out->size;
    double unit = overlay->width / 960;
    bcue_text_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"overlay\" role=\"img\" viewBox=\"0 0 %g %g\" "
        "font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif\" aria-label=\"",
        overlay->width, overlay->height);
    bcue_escape_html(out, overlay->description ? overlay->description : "Ranked beams over the picture");
    bcue_text_puts(out, "\">");
    draw_bands(out, overlay);
    draw_bars(out, overlay, unit);
    draw_label(out, overlay, unit);
    draw_ranks(out, overlay, unit);
    bcue_text_puts(out, "</svg>\n");
    if (!out->failed)
        return BCUE_OK;
    if (out->data != NULL) {
        out->size = start;
        out->data[start] = '\0';
    }
    return bcue_fail_memory(error, "beams over a picture");
}
