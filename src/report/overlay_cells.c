/* Cells of a grid over a picture: bright where the value is high, veiled where it is low. */
#include <math.h>

#include "base/fail.h"
#include "report/chart.h"
#include "report/markup.h"

#define MARK "#ff8f3f"

static size_t place_of_most(const bcue_cell_overlay *overlay, double *least, double *most)
{
    size_t at = 0;
    *least = *most = overlay->values[0];
    for (size_t i = 1; i < overlay->rows * overlay->columns; i++) {
        at = overlay->values[i] > *most ? i : at;
        *most = fmax(*most, overlay->values[i]);
        *least = fmin(*least, overlay->values[i]);
    }
    return at;
}

static bool is_usable(const bcue_cell_overlay *overlay)
{
    bool good = overlay->width > 0 && overlay->width <= 65536 && overlay->height > 0 &&
                overlay->height <= 65536 && overlay->rows >= 1 && overlay->rows <= 256 &&
                overlay->columns >= 1 && overlay->columns <= 256 && overlay->values != NULL;
    for (size_t i = 0; good && i < overlay->rows * overlay->columns; i++)
        good = isfinite(overlay->values[i]);
    return good;
}

bcue_status bcue_chart_cells(const bcue_cell_overlay *overlay, bcue_text *out, bcue_error *error)
{
    if (!is_usable(overlay))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "cells over a picture need its size (1 to 65536 px), 1 to 256 rows and columns and "
                         "finite values; got %g x %g px, %zu rows, %zu columns",
                         overlay->width, overlay->height, overlay->rows, overlay->columns);
    const size_t start = out->size;
    const double width = overlay->width / (double)overlay->columns,
                 height = overlay->height / (double)overlay->rows;
    double least, most;
    const size_t top = place_of_most(overlay, &least, &most);
    bcue_text_printf(out,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"overlay\" role=\"img\" "
                     "viewBox=\"0 0 %g %g\" aria-label=\"",
                     overlay->width, overlay->height);
    bcue_escape_html(out, overlay->description != NULL ? overlay->description : "Cells over the picture");
    bcue_text_puts(out, "\">");
    for (size_t i = 0; most > least && i < overlay->rows * overlay->columns; i++)
        bcue_text_printf(out,
                         "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#05080c\" "
                         "fill-opacity=\"%.2f\"/>",
                         (double)(i % overlay->columns) * width, (double)(i / overlay->columns) * height,
                         width, height, 0.82 * (most - overlay->values[i]) / (most - least));
    if (most > least)
        bcue_text_printf(out,
                         "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"none\" "
                         "stroke=\"" MARK "\" stroke-width=\"%.2f\"/>",
                         (double)(top % overlay->columns) * width, (double)(top / overlay->columns) * height,
                         width, height, overlay->width / 320);
    bcue_text_puts(out, "</svg>\n");
    if (!out->failed)
        return BCUE_OK;
    if (out->data != NULL) {
        out->size = start;
        out->data[start] = '\0';
    }
    return bcue_fail_memory(error, "cells over a picture");
}
