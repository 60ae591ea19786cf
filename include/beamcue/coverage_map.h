/* Coverage maps: the best beam, its power, signal to interference and noise, and delay spread everywhere on
   the street of a simulation. */
#ifndef BEAMCUE_COVERAGE_MAP_H
#define BEAMCUE_COVERAGE_MAP_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/hooks.h"
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A roadside unit with the array of the configuration: where it is, which way it faces (counter-clockwise
   from east), and the beam that it radiates while another unit serves (from 0; -1: the middle one). */
typedef struct bcue_coverage_site {
    double x_m, y_m, z_m, azimuth_deg;
    int64_t beam;
} bcue_coverage_site;

/* Zeros and NULL are defaults. */
typedef struct bcue_coverage_options {
    double step_m;   /* between points: 2 */
    double height_m; /* of the receiving antenna: 1.5 */
    int has_area;
    double x_low_m, x_high_m, y_low_m, y_high_m; /* with has_area; else the whole street */
    int has_beam;
    int64_t beam; /* with has_beam: what the configuration's own unit radiates while another serves; else the
                     middle one */
    const bcue_coverage_site *sites; /* more units */
    size_t site_count;
    int64_t scene; /* of a configuration with several `scenes`: which one, from 0 */
} bcue_coverage_options;

/* Trace from the roadside unit of a simulation's configuration (and `sites`) to a grid over its street,
   without moving vehicles and in clear air, and write into `folder` (made if need be) best_beam, rss_dbm,
   sinr_db, delay_spread_s, rician_k_db, unit, interferer_unit, interferer_beam   .npy best_beam, rss, sinr,
   delay_spread   .png coverage.json   what the arrays mean. Arrays have a row per step to the north and a
   column per step to the east; where nothing arrives beams and units are -1, powers -inf, the rest NaN. The
   noise is channel.noise_floor_dbm. Each point is served by the unit and beam that it receives best; the
   other units radiate their own beams, of which the strongest is the interferer. On success the caller
   destroys *report. `options`, `hooks` and `error` may be NULL. */
BCUE_API bcue_status bcue_map_coverage(const char *config_path, const char *const *overrides,
                                       size_t override_count, const bcue_coverage_options *options,
                                       const char *folder, const bcue_hooks *hooks, bcue_report **report,
                                       bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif
