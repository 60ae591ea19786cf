/* Charts as SVG.
   SVG text is written directly instead of drawn with a graphics library such as cairo: a
   page stays sharp at every size and in print, follows the reader's light or dark theme, can be read by a
   screen reader, and costs no dependency.

   Every function appends one <svg class="bq"> element to `out` and refuses (BCUE_ERROR_ARGUMENT,
   BCUE_ERROR_MEMORY; then `out` is cut back to what it was) only sizes beyond the limits below and NULL
   arrays. Numbers are never an error: nan, infinities and values that a logarithmic axis cannot show leave
   gaps, and a chart without anything to show says "no data". Strings are escaped, NULL means none. Arrays
   belong to the caller and are only read. Any thread. */
#ifndef BCUE_REPORT_CHART_H
#define BCUE_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include "base/text.h"
#include "beamcue/status.h"

enum {
    BCUE_CHART_MAX_SERIES = 64,
    BCUE_CHART_MAX_BARS = 1024,   /* categories of a bar chart, beams */
    BCUE_CHART_MAX_CELLS = 65536, /* of a heat map */
};

typedef struct bcue_chart_options {
    const char *title;       /* printed above the chart and read aloud */
    const char *description; /* what it shows, for those who cannot see it */
    double width, height;    /* px at 100 %; 0: a good default; 160 to 4096 */
    bool standalone; /* carries its own style: for a file of its own. Without it the page's style is used */
} bcue_chart_options;

typedef struct bcue_chart_axis {
    const char *title;
    const char *unit;
    bool logarithmic;
    bool from_zero;   /* include 0 (linear axes) */
    bool integer;     /* ticks at whole numbers only: epochs, beam indices */
    double low, high; /* fixed range; equal: from the data */
} bcue_chart_axis;

/* Lines, with optional bands (confidence intervals). */
typedef struct bcue_line_series {
    const char *name;
    const double *x; /* NULL: 0, 1, 2, ... */
    const double *y;
    const double *low, *high; /* the band; both NULL: none */
    size_t count; /* beyond 4 points per pixel column, each column is drawn from its lowest to its highest */
    bool dashed;
    bool markers;
} bcue_line_series;

typedef struct bcue_line_chart {
    bcue_chart_options options;
    bcue_chart_axis x, y;
    const bcue_line_series *series;
    size_t series_count;
} bcue_line_chart;
bcue_status bcue_chart_lines(const bcue_line_chart *chart, bcue_text *out, bcue_error *error);

/* Training curves: loss on the left, the validation metric on the right, the best epoch marked. Epochs count
 * from 1. */
typedef struct bcue_training_chart {
    bcue_chart_options options;
    const double *train_loss, *validation_loss; /* either may be NULL */
    const double *metric;                       /* NULL: one panel */
    const char *metric_name, *metric_unit;
    size_t epoch_count;
    size_t best_epoch; /* from 1; 0: none */
    bool logarithmic_loss;
} bcue_training_chart;
bcue_status bcue_chart_training(const bcue_training_chart *chart, bcue_text *out, bcue_error *error);

/* Bars, one group of them per category, with error bars. */
typedef struct bcue_bar_series {
    const char *name;
    const double *values;     /* category_count */
    const double *low, *high; /* ends of the error bars; both NULL: none */
} bcue_bar_series;

typedef struct bcue_bar_chart {
    bcue_chart_options options;
    bcue_chart_axis category; /* title only */
    bcue_chart_axis value;
    const char *const *categories; /* NULL: 0, 1, 2, ..., thinned where they would touch */
    size_t category_count;
    const bcue_bar_series *series;
    size_t series_count;
    bool horizontal; /* categories from top to bottom: for long names */
    bool values;     /* print each value at its bar */
    int decimals;    /* of those; -1: 4 significant digits */
} bcue_bar_chart;
bcue_status bcue_chart_bars(const bcue_bar_chart *given, bcue_text *out, bcue_error *error);

typedef struct bcue_histogram {
    bcue_chart_options options;
    bcue_chart_axis x; /* the y axis counts */
    const double *values;
    size_t count;
    size_t bins; /* 0: Freedman and Diaconis (1981), 1 to 60; at most BCUE_CHART_MAX_BARS */
} bcue_histogram;
bcue_status bcue_chart_histogram(const bcue_histogram *chart, bcue_text *out, bcue_error *error);

/* Positions on a map, coloured by a value (the beam index); both axes share one scale. */
typedef struct bcue_map_mark {
    double x, y;
    const char *label;
} bcue_map_mark;

typedef struct bcue_map_chart {
    bcue_chart_options options;
    bcue_chart_axis x, y;
    const char *value_title; /* of the colour bar */
    const char *value_unit;
    const double *x_values, *y_values;
    const double *colors; /* NULL: all alike */
    size_t count;         /* points that fall on the same half pixel with the same colour are drawn once */
    const bcue_map_mark *marks; /* e.g. the base station */
    size_t mark_count;
} bcue_map_chart;
bcue_status bcue_chart_map(const bcue_map_chart *chart, bcue_text *out, bcue_error *error);

/* Heat map; row 0 on top. For confusion matrices rows are the truth. */
typedef struct bcue_heat_map {
    bcue_chart_options options;
    const char *row_title, *column_title, *value_title;
    const double *values; /* row_count x column_count, row-major */
    size_t row_count, column_count;
    const char *const *row_labels, *const *column_labels; /* NULL: indices */
    int decimals; /* of the numbers in the cells; they appear where they fit */
} bcue_heat_map;
bcue_status bcue_chart_heat_map(const bcue_heat_map *map, bcue_text *out, bcue_error *error);

/* The power of every beam of one sample. With azimuths a fan seen from above (x forward is up, y left is
   left), else bars over the index. The predicted beams carry their rank; the best measured one is outlined.
 */
typedef struct bcue_beam_chart {
    bcue_chart_options options;
    const double *power_db;    /* beam_count */
    const double *azimuth_deg; /* beam_count, -180..180, left positive; NULL: bars */
    size_t beam_count;
    const size_t *ranked; /* predicted beams, best first */
    size_t ranked_count;
    const double *probability; /* of the ranked beams; NULL: not shown */
    ptrdiff_t label;           /* the best measured beam; -1: unknown */
    double range_db;           /* shown below the strongest beam; 0: 30 */
} bcue_beam_chart;
bcue_status bcue_chart_beams(const bcue_beam_chart *chart, bcue_text *out, bcue_error *error);

/* Patterns over the full circle: the gain of a beam over angle. Angles are in degrees; as in the fan of beams
   0 is up and positive angles turn to the left; with `upright` 0 is to the right and 90 up, as in a view from
   the side. Values below the range are drawn in the centre, nan leaves a gap. */
typedef struct bcue_polar_series {
    const char *name;
    const double *angle_deg, *value_db; /* count */
    size_t count;
    bool dashed;
} bcue_polar_series;

typedef struct bcue_polar_chart {
    bcue_chart_options options;
    const bcue_polar_series *series;
    size_t series_count;
    double range_db; /* from the rim (the strongest value, rounded up) to the centre; 0: 40 */
    bool upright;
    const char *unit; /* printed in the corner, e.g. "dBi" */
} bcue_polar_chart;
bcue_status bcue_chart_polar(const bcue_polar_chart *chart, bcue_text *out, bcue_error *error);

/* Beams drawn over a camera picture, as an <svg> to lay over it (bcue_page_picture does). A pinhole camera
   with its optical axis level: a beam at azimuth a, seen by a camera turned by `camera_yaw_deg`, is the
   column u = width / 2 - (width / 2) tan(a - yaw) / tan(hfov / 2), left positive as in the sensor frame (x
   forward, y left, z up). Each ranked beam is a band between the midpoints to its neighbours, opaque as its
   probability; small bars at the bottom show all probabilities; beams outside the picture are listed at its
   edge. */
typedef struct bcue_beam_overlay {
    const char *description;
    double width, height;      /* of the picture, px, > 0 */
    double horizontal_fov_deg; /* 0 < . < 170 */
    double camera_yaw_deg;
    const double *azimuth_deg; /* beam_count */
    size_t beam_count;
    const double *probability; /* beam_count, 0..1; NULL: none */
    const size_t *ranked;
    size_t ranked_count;
    ptrdiff_t label; /* -1: unknown */
} bcue_beam_overlay;
bcue_status bcue_chart_overlay(const bcue_beam_overlay *overlay, bcue_text *out, bcue_error *error);
/* The column of an azimuth under the same model; nan when it is 90 degrees or more off the optical axis. */
double bcue_overlay_column(const bcue_beam_overlay *overlay, double azimuth_deg);

/* The style sheet of all charts, for inside <style>. */
void bcue_chart_style(bcue_text *out);

/* Cells of a regular grid over a camera picture, as an overlay for bcue_page_picture: the highest value
   leaves the picture as it is (and gets a frame), the lowest is veiled most, those between in proportion. */
typedef struct bcue_cell_overlay {
    const char *description;
    double width, height; /* of the picture, pixels */
    size_t rows, columns; /* 1 to 256 */
    const double *values; /* rows x columns, top left first; finite */
} bcue_cell_overlay;
bcue_status bcue_chart_cells(const bcue_cell_overlay *overlay, bcue_text *out, bcue_error *error);

#endif
