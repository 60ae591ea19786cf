/* Samples, labels, power vectors and split as .npy and CSV, for other programs; docs/export.md describes each
 * file. */
#ifndef BCUE_DATASET_EXPORT_H
#define BCUE_DATASET_EXPORT_H

#include "dataset/loader.h"
#include "dataset/split.h"

/* Write into `folder` (made when absent; files of the same names are replaced, each as a whole). `split` may
   be NULL: no sides. `features` may be NULL: no input arrays; otherwise camera.npy, lidar.npy, radar.npy
   and position.npy are written for what it enables, as a test pass sees them (no augmentation), with bounds
   fitted before. Cancelled by the hooks: files already written stay. */
bcue_status bcue_dataset_export(const bcue_dataset *dataset, const bcue_split *split,
                                const bcue_feature_config *features, const char *folder,
                                const bcue_hooks *hooks, bcue_error *error);

/* Every file name an export may write, NULL-terminated; the input arrays only for what is enabled. */
extern const char *const bcue_export_files[];

#endif
