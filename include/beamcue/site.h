/* The site of a roadside unit: site.yaml, which says how its array and sensors stand. */
#ifndef BEAMCUE_SITE_H
#define BEAMCUE_SITE_H

#include <stddef.h>
#include "beamcue/hooks.h"
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All calls: `config_or_folder`, `overrides` and `hooks` as for bcue_inspect. On success *report is owned by
   the caller until bcue_report_destroy. Errors: BCUE_ERROR_CONFIG (file:line, key and what was expected),
   BCUE_ERROR_IO, BCUE_ERROR_FORMAT, BCUE_ERROR_DATA, BCUE_ERROR_CANCELLED, BCUE_ERROR_MEMORY. */

/* Write a commented site.yaml to `out_path`: what the recordings tell is filled in (simulated ones tell
   almost everything), the rest is marked as to be measured. An existing file is refused (BCUE_ERROR_DATA). */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_site_new(const char *config_or_folder,
                                                     const char *const *overrides, size_t override_count,
                                                     const char *out_path, const bcue_hooks *hooks,
                                                     bcue_report **report, bcue_error *error);
/* Do the poses of a site.yaml fit the recordings (`config_or_folder` NULL: those that it names)? The fixes of
   the vehicles are projected into the pictures and compared with what LiDAR, radar and array see. `pictures`
   (or NULL): a folder for PNG of some frames. What is not measured yet is named and left out; BCUE_ERROR_DATA
   when nothing can be compared. A wrong pose is no error: the report says so. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_site_check(const char *config_or_folder,
                                                       const char *const *overrides, size_t override_count,
                                                       const char *site_path, const char *pictures,
                                                       const bcue_hooks *hooks, bcue_report **report,
                                                       bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif
