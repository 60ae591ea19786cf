/* Simulate a street: camera, LiDAR, radar, GNSS and received power per beam for the same instants, written as
   a DeepSense scenario folder. docs/simulation.md says what is simulated and what every column of
   scenario.csv holds. Unit 1 is the roadside unit with sensors and array, unit 2 the transmitting vehicle, or
   all of them. Power is in milliwatts, one number per beam. A frame in which no vehicle counts, or no beam
   stands out of the noise, has no row: its best beam would be chance. ground_truth.csv (one transmitting
   vehicle) holds, row by row, what no sensor knows; beamcue.yaml the effective configuration; manifest.json
   seed, version, counts, and size and hash of each file. */
#ifndef BEAMCUE_SIMULATE_H
#define BEAMCUE_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/hooks.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a simulation came to. */
typedef struct bcue_simulate_summary {
    char output[512]; /* the folder (cut if longer) */
    uint64_t episodes;
    uint64_t samples;          /* rows of scenario.csv */
    uint64_t samples_blocked;  /* of them without a free line of sight */
    uint64_t frames_no_signal; /* left out: no beam stood out of the noise */
    uint64_t bytes;            /* in all files */
    double seconds;            /* wall clock */
    double channel_seconds;    /* of it, paths and power per beam */
    double camera_seconds;     /* rendering and JPEG */
    double lidar_seconds, radar_seconds;
    uint64_t view_samples;     /* that the page of `view` plays; 0: it was not written */
    uint64_t episodes_missing; /* not finished yet, by whoever shares the run; then `output` is the working
                                  folder */
    uint64_t bytes_free;       /* dry run: room on the disk, or of max_output_gb; 0: not known */
    bool merged_elsewhere;     /* another process is putting the finished run together */
    uint32_t jobs;             /* processes that simulated; the times by sensor are their sum */
} bcue_simulate_summary;

#define BCUE_SIMULATE_JOBS_AUTO UINT32_MAX

/* What a run does besides what its configuration says. All zero: nothing. */
typedef struct bcue_simulate_options {
    /* Write a page here that plays an episode in a browser: one HTML file that needs nothing else. NULL:
       none. It is written when its episode is over, complete or not at all. */
    const char *view;
    uint64_t view_episode; /* which one, from 1; 0: the first that has a sample and was not finished before */
    /* Only every so many-th episode, from this one on (1 .. shards); 0: all. Shards may run at the same time
       and on several machines: into one working folder that they share, or into one each, whose contents are
       copied together afterwards. Whoever finishes the last episode puts the run together. */
    uint32_t shard, shards;
    bool merge; /* simulate nothing: put together what shards have finished */
    /* Write nothing: fill the summary with what the run would come to, from a few instants of some of its
       episodes; BCUE_ERROR_IO when the disk has no room for it. */
    bool dry_run;
    /* Other processes share this run, in one folder: each takes the next episode that nobody has, goes on
       after one that failed, takes over what a process that died has left, and waits until all are done.
       `place` of `places`: where among the episodes this one begins. */
    bool together;
    uint32_t place, places;
    /* Share the episodes out among so many processes of this machine: the caller's, and children of it
       (fork), which divide its threads. 0 and 1: the caller's alone. BCUE_SIMULATE_JOBS_AUTO: as many as
       there are threads, with 1.5 GB of memory each. With `view`, `shard` or `together` it stays one. Only
       from a process that has not simulated before and runs no other threads: children inherit neither
       threads nor what these were doing. Each child asks the caller's hooks whether to stop. */
    uint32_t jobs;
} bcue_simulate_options;

/* Run the simulation of a configuration file (YAML; NULL: all defaults) with `overrides` ("key.sub=value").
   The folder `output` appears complete or not at all: files are written to "<output>.partial" beside it,
   which is renamed at the end. A run that is killed, stopped or fails leaves its finished episodes there, and
   the same configuration goes on from them; one that has not finished an episode leaves nothing. An existing
   `output` is refused unless `overwrite: true` and it is itself the result of a simulation. The same
   configuration and seed give the same files, whatever the number of threads, shards and interruptions.
   `options`, `hooks`, `summary` and `error` may be NULL. */
BCUE_API bcue_status bcue_simulate_run(const char *config_path, const char *const *overrides,
                                       size_t override_count, const bcue_simulate_options *options,
                                       const bcue_hooks *hooks, bcue_simulate_summary *summary,
                                       bcue_error *error);
/* The same without options. */
BCUE_API bcue_status bcue_simulate(const char *config_path, const char *const *overrides,
                                   size_t override_count, const bcue_hooks *hooks,
                                   bcue_simulate_summary *summary, bcue_error *error);

/* Every configuration key with type, range, default and meaning, as text. The caller frees *text with free().
 */
BCUE_API bcue_status bcue_simulate_describe(char **text, bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif
