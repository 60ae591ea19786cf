/* How far a model's probabilities can be believed, as its file keeps it; metrics/reliability.h says what the
   numbers mean. With all modalities there, and for every pattern of missing or held ones that was calibrated.
 */
#ifndef BCUE_MODELS_CALIBRATION_H
#define BCUE_MODELS_CALIBRATION_H

#include "models/model_graph.h"

/* Which inputs are not as they should be; bits 1 << bcue_model_input. */
typedef struct bcue_input_pattern {
    unsigned missing; /* of these there is nothing; */
    int stand_in;     /* bcue_stand_in (models/completion.h): what takes their place; without meaning when
                         nothing is missing */
    unsigned held;    /* the last that was seen stands in for these */
} bcue_input_pattern;

enum { BCUE_PATTERN_NAME_SIZE = 112 };
/* "all there", "no camera (generated)", "lidar held", "no camera + gps (mean), radar held". */
void bcue_input_pattern_name(bcue_input_pattern pattern, char text[BCUE_PATTERN_NAME_SIZE]);

/* For one pattern. */
typedef struct bcue_calibration_pattern {
    bcue_string_list missing, held; /* bcue_model_input_names */
    int stand_in;
    double temperature;
    double error_before, error_after; /* expected calibration error */
    bcue_double_list threshold;       /* for each coverage: so that a best beam is in the set; above 1: all */
    bcue_double_list margin_threshold; /* so that a beam within the margin of the best is */
    int64_t episodes, samples;         /* it was made with */
} bcue_calibration_pattern;

typedef struct bcue_calibration {
    bcue_calibration_pattern whole; /* everything is there: nothing missing, nothing held */
    bcue_double_list coverage;      /* rising */
    double margin_db;               /* 0: there are no thresholds for a margin */
    int64_t hold_rows;              /* a held frame was so many rows old, */
    double hold_s;                  /* which took so long */
    bcue_section_list patterns;     /* of bcue_calibration_pattern; in files of before: none */
    char *data;                     /* hash of the data set */
} bcue_calibration;

extern const bcue_config_field bcue_calibration_fields[];

/* What the table of keys cannot say; `name`: of the file. BCUE_ERROR_FORMAT. */
bcue_status bcue_calibration_check(const bcue_calibration *calibration, const char *name, bcue_error *error);

/* Pattern 0 is `whole`, 1 .. the others. */
size_t bcue_calibration_count(const bcue_calibration *calibration);
const bcue_calibration_pattern *bcue_calibration_at(const bcue_calibration *calibration, size_t index);
bcue_input_pattern bcue_calibration_inputs(const bcue_calibration_pattern *pattern);
/* The one that was calibrated for just this; NULL: none was. */
const bcue_calibration_pattern *bcue_calibration_find(const bcue_calibration *calibration,
                                                      bcue_input_pattern inputs);
/* That of `pattern`; NULL: the highest of all, which makes the least sure. */
double bcue_calibration_temperature(const bcue_calibration *calibration,
                                    const bcue_calibration_pattern *pattern);

/* Which of the thresholds: of the least coverage that is not below the one asked for. margin_db: 0, or that
   of the calibration. BCUE_ERROR_ARGUMENT says what there is. */
bcue_status bcue_calibration_level(const bcue_calibration *calibration, double coverage, double margin_db,
                                   size_t *level, bcue_error *error);

#endif
