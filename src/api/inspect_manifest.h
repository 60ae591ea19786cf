/* What a simulation says about its own folder: manifest.json. */
#ifndef BCUE_API_INSPECT_MANIFEST_H
#define BCUE_API_INSPECT_MANIFEST_H

#include "api/report_handle.h"
#include "dataset/recordings.h"

/* Add what made each source of the data set, where a manifest says it, to text and JSON. */
bcue_status bcue_manifest_report(const bcue_dataset *dataset, bcue_report *report, bcue_error *error);

#endif
