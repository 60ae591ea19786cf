/* A network's layers against the limits of the machine, as a report. */
#ifndef BCUE_API_LAYERS_API_H
#define BCUE_API_LAYERS_API_H

#include "api/report_handle.h"
#include "beamcue/predict.h"
#include "engine/plan.h"

/* Runs `plan`, made for inference with `graph`, on random inputs; appends two tables to the report, and
   writes the picture where options->svg_path says. */
bcue_status bcue_report_layers(const bcue_graph *graph, bcue_plan *plan, const bcue_layers_options *options,
                               const char *title, bcue_report *report, bcue_error *error);

#endif
