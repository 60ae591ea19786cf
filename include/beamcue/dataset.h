/* Looking at recordings, and taking them elsewhere. */
#ifndef BEAMCUE_DATASET_H
#define BEAMCUE_DATASET_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/hooks.h"
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Recordings, opened: immutable, shareable by threads. */
typedef struct bcue_dataset bcue_dataset;

/* Open the `data` section of a configuration, or a scenario folder by itself when `config_or_folder` is one.
 * Free with bcue_dataset_close. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_dataset_load(const char *config_or_folder,
                                                         const char *const *overrides, size_t override_count,
                                                         const bcue_hooks *hooks, bcue_dataset **dataset,
                                                         bcue_error *error);
BCUE_API void bcue_dataset_close(bcue_dataset *dataset); /* NULL is fine */

/* One sample: a window of frames with a label. All pointers live with the data set. */
typedef struct bcue_sample_view {
    const char *id;
    int32_t episode;     /* 0-based, over the whole data set */
    int32_t label;       /* 0-based best beam, -1 = unlabelled */
    const double *power; /* linear power per beam, or NULL */
    int32_t beams;
    double latitude_deg, longitude_deg; /* newest fix of the vehicle, NaN = missing */
    const char *picture; /* path of the newest camera frame relative to its source's folder, NULL = missing */
} bcue_sample_view;

BCUE_API size_t bcue_dataset_size(const bcue_dataset *dataset);
/* BCUE_ERROR_ARGUMENT when index >= bcue_dataset_size. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_dataset_view(const bcue_dataset *dataset, size_t index,
                                                         bcue_sample_view *view, bcue_error *error);

/* Counts, rate, availability, defects, beam histogram, power spread, label changes, a map, sample frames.
 * `html_path` (or NULL): write a page. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_inspect(const char *config_or_folder,
                                                    const char *const *overrides, size_t override_count,
                                                    const char *html_path, const bcue_hooks *hooks,
                                                    bcue_report **report, bcue_error *error);
/* Compare every file of a simulated folder with size and hash in its manifest. BCUE_ERROR_DATA: files are
 * missing or damaged, or there is no manifest. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_verify_folder(const char *folder, const bcue_hooks *hooks,
                                                          bcue_report **report, bcue_error *error);
/* What stands still in front of the LiDAR, learnt from `clouds` reference frames spread over the recordings:
 * places of 0.25 m that at least `share` (0..1] of them hit. Written to `out_path` as a binary PLY for
 * features.lidar.background. One sensor at one place: give the recordings of one street. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_static_lidar(const char *config_or_folder,
                                                         const char *const *overrides, size_t override_count,
                                                         size_t clouds, double share, const char *out_path,
                                                         const bcue_hooks *hooks, bcue_report **report,
                                                         bcue_error *error);
/* Windows, labels, power vectors and split of a run configuration as .npy and .csv in `out_folder`, for other
 * programs (docs/export.md). */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_export_samples(const char *config_path,
                                                           const char *const *overrides,
                                                           size_t override_count, const char *out_folder,
                                                           const bcue_hooks *hooks, bcue_report **report,
                                                           bcue_error *error);
/* Describe a model file, a configuration (with `overrides`, as bcue_train) or a scenario folder. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_info(const char *path, const char *const *overrides,
                                                 size_t override_count, bcue_report **report,
                                                 bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif
