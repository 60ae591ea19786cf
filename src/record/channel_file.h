/* Channels of an episode as HDF5: geometry and gain of every path, what a link is told by, and where wanted
   power per beam, frequency response, response of every element, impulse response. docs/channel-file.md is
   the schema; tools/peer/open_deepmimo.py opens a file in DeepMIMO v4.

   The HDF5 library may not be used from two threads at once: neither may this, not even for different files.
 */
#ifndef BCUE_RECORD_CHANNEL_FILE_H
#define BCUE_RECORD_CHANNEL_FILE_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "channel/path_gain.h"
#include "world/world.h"

#define BCUE_NO_BLOCKER (-1)     /* the line of sight is free */
#define BCUE_STATIC_BLOCKER (-2) /* something that stands still is in the way */

typedef struct bcue_channel_file_config {
    double carrier_hz, bandwidth_hz; /* bandwidth 0: narrow band */
    uint64_t seed;
    uint32_t episode;
    const bcue_world *world; /* names of materials; NULL: none */
    /* How long each optional part of a link is; 0: it is not in the file. */
    size_t beams, subcarriers, elements, impulse_taps; /* elements need subcarriers */
} bcue_channel_file_config;

/* One link: a unit and a vehicle at one instant. Nothing is owned. */
typedef struct bcue_channel_link {
    uint32_t frame, unit, vehicle; /* vehicle: its track */
    double time_s;
    bcue_vec3 transmitter, receiver;
    const bcue_path *paths; /* path_count of them, */
    const bcue_tap *taps;   /* and what each does to a wave */
    size_t path_count;
    bool line_of_sight;
    int32_t blocker; /* the vehicle in the line of sight; BCUE_NO_BLOCKER, BCUE_STATIC_BLOCKER */
    double gain_db, rician_k_db, delay_spread_s;
    const double *power_mw;                 /* beams */
    const double complex *frequency;        /* subcarriers */
    const double complex *element_response; /* elements x subcarriers */
    double impulse_start_s;
    const double complex *impulse; /* impulse_taps */
} bcue_channel_link;

typedef struct bcue_channel_file bcue_channel_file;

/* Start a file under a temporary name, "PATH.partial": what a process that was killed left there is written
   over. One process at a time may write a path. On success the caller ends with commit or abandon.
   BCUE_ERROR_IO, BCUE_ERROR_MEMORY, BCUE_ERROR_ARGUMENT. */
bcue_status bcue_channel_file_create(const char *path, const bcue_channel_file_config *config,
                                     bcue_channel_file **made, bcue_error *error);
/* BCUE_ERROR_ARGUMENT when a part that the file has is NULL, or a path has no interactions that fit. */
bcue_status bcue_channel_file_add(bcue_channel_file *file, const bcue_channel_link *link, bcue_error *error);
/* Write what is left, close, and give the file its name; the handle is gone in any case. */
bcue_status bcue_channel_file_commit(bcue_channel_file *file, bcue_error *error);
void bcue_channel_file_abandon(bcue_channel_file *file); /* and remove what there is; NULL is fine */

#endif
