/* What the two ways of drawing a polar chart share. */
#ifndef BCUE_REPORT_POLAR_PARTS_H
#define BCUE_REPORT_POLAR_PARTS_H

#include "report/chart.h"

typedef struct bcue_dial {
    double x, y, radius;     /* px */
    double top, range, step; /* dB at the rim (NAN: there is no value), down to the centre, between rings */
    bool upright;            /* angle 0 to the right and 90 up, as in a side view */
} bcue_dial;

bcue_status bcue_polar_check(const bcue_polar_chart *chart, bcue_error *error);
/* The decibels of a chart; the caller fills in x, y and radius. */
bcue_dial bcue_dial_of(const bcue_polar_chart *chart);
int bcue_dial_rings(const bcue_dial *dial);
double bcue_dial_radius(const bcue_dial *dial, double value_db); /* px from the centre */
void bcue_dial_place(const bcue_dial *dial, double angle_deg, double radius, double *x, double *y);
/* Is the last point as close to the first as any two neighbours? */
bool bcue_polar_joins(const bcue_polar_series *series);

#endif
