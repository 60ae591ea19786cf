/* What predict and bench look at: files and positions from the command line. */
#ifndef BCUE_CLI_OBSERVATION_H
#define BCUE_CLI_OBSERVATION_H

#include "beamcue/predict.h"
#include "cli.h"

#define BCUE_CLI_OBSERVATION                                                                                 \
    {.name = "--camera",                                                                                     \
     .value = "FILE",                                                                                        \
     .repeats = true,                                                                                        \
     .help = "a JPEG or PNG picture, oldest first; 'none' = this frame is missing"},                         \
        {.name = "--lidar",                                                                                  \
         .value = "FILE",                                                                                    \
         .repeats = true,                                                                                    \
         .help = "a LiDAR cloud (.ply), oldest first; 'none' = this frame is missing"},                      \
        {.name = "--radar",                                                                                  \
         .value = "FILE",                                                                                    \
         .repeats = true,                                                                                    \
         .help = "a radar frame (.npy), oldest first; 'none' = this frame is missing"},                      \
        {.name = "--position",                                                                               \
         .value = "LAT,LON",                                                                                 \
         .repeats = true,                                                                                    \
         .help = "a fix of the vehicle in degrees (WGS-84), oldest first;\n'none' = this fix is missing"},   \
        {.name = "--scenario",                                                                               \
         .value = "N",                                                                                       \
         .help = "number of the DeepSense scenario, for recipes that differ between them"},                  \
    {                                                                                                        \
        .name = "--rsu", .value = "LAT,LON",                                                                 \
        .help = "where the roadside unit stands, for models that use it"                                     \
    }

#define BCUE_CLI_SESSION                                                                                     \
    {.name = "--memory",                                                                                     \
     .value = "USE",                                                                                         \
     .help = "fast (also when absent) or small: no weights larger than the file's"},                         \
        {.name = "--weights",                                                                                \
         .value = "FORM",                                                                                    \
         .help = "of fully connected layers: f32 (also when absent), bf16 or int8: half\nand a quarter of "  \
                 "the bytes"},                                                                               \
        {.name = "--radar-pose",                                                                             \
         .value = "M,DEG",                                                                                   \
         .help = "how the radar of a model of points stands: metres above ground, degrees\nupwards; as "     \
                 "trained when absent"},                                                                     \
    {                                                                                                        \
        .name = "--threads", .value = "N",                                                                   \
        .help = "threads that run the network; as many as help when absent"                                  \
    }

enum { BCUE_CLI_FRAME_KINDS = 3 }; /* camera, LiDAR, radar */

typedef struct bcue_cli_observation {
    bcue_observation view;                              /* points into what follows */
    bcue_encoded_picture *frames[BCUE_CLI_FRAME_KINDS]; /* owned, with their bytes */
    size_t counts[BCUE_CLI_FRAME_KINDS];
    bcue_fix *fixes; /* owned */
    double open_ms;  /* that the model took to load */
} bcue_cli_observation;

/* Read the options and the files they name, then load the model of the first operand (only when the options
   are right), and warn about pictures or fixes that it has no use for. BCUE_EXIT_DONE, or the exit status of
   what has been said about it. Free both in either case; `*model` is NULL on failure. */
int bcue_cli_observe(bcue_cli *cli, bcue_cli_observation *observation, bcue_model **model,
                     bcue_model_facts *facts);
/* The options of BCUE_CLI_SESSION. BCUE_EXIT_DONE, or the exit status of what has been said. */
int bcue_cli_session_options(bcue_cli *cli, bcue_session_options *options);
void bcue_cli_observation_free(bcue_cli_observation *observation);

#endif
