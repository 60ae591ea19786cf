/* What is in a data set, counted. */
#ifndef BCUE_API_INSPECT_API_H
#define BCUE_API_INSPECT_API_H

#include "api/inspect_beams.h"
#include "api/inspect_sensors.h"
#include "api/report_handle.h"
#include "dataset/recordings.h"

typedef struct bcue_inspection {
    size_t samples, episodes, labelled, powered;
    double rate_hz;    /* 1 / median step between consecutive samples of an episode; 0 = unknown */
    double duration_s; /* sum over episodes of last - first */
    size_t available[BCUE_MODALITY_COUNT]; /* samples whose newest frame of that modality is there */
    bool offered[BCUE_MODALITY_COUNT];     /* some source has the modality */
    double median_spread_db;               /* best beam over worst beam */
    double median_gap_db;                  /* best beam over second best */
    double label_change_share;             /* of consecutive samples of an episode, whose best beam differs */
    double *beam_histogram;                /* beams */
    double *spread_db, *gap_db;            /* one per powered sample */
    int32_t beams;
    bcue_sensors sensors;
    bcue_beam_study study;
} bcue_inspection;

bcue_status bcue_inspection_make(const bcue_dataset *dataset, bcue_inspection *inspection, bcue_error *error);
void bcue_inspection_free(bcue_inspection *inspection);

bcue_table *bcue_inspection_overview(const bcue_dataset *dataset, const bcue_inspection *inspection);
bcue_table *bcue_inspection_defects(const bcue_dataset *dataset);
bcue_status bcue_inspection_write_page(const bcue_dataset *dataset, const bcue_inspection *inspection,
                                       const char *title, const char *path, bcue_error *error);

#endif
