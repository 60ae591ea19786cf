/* 'beamcue predict --replay': a recording played as if it were live. */
#ifndef BCUE_CLI_REPLAY_H
#define BCUE_CLI_REPLAY_H

#include "beamcue/predict.h"
#include "cli.h"

#define BCUE_CLI_REPLAY                                                                                      \
    {.name = "--replay",                                                                                     \
     .value = "RECORDING",                                                                                   \
     .help = "play this scenario folder, or the test part of this\nconfiguration of a run"},                 \
        {.name = "--rate",                                                                                   \
         .value = "HZ",                                                                                      \
         .help = "with --replay: instants a second; 0, also when absent: as fast\nas it goes"},              \
        {.name = "--deadline",                                                                               \
         .value = "MS",                                                                                      \
         .help = "with --replay: from the arrival of frames to the answer;\n0, also when absent: none"},     \
        {.name = "--delay",                                                                                  \
         .value = "MS",                                                                                      \
         .help = "with --replay: from when a frame is taken to its arrival; 0 when\nabsent"},                \
        {.name = "--hold",                                                                                   \
         .value = "S",                                                                                       \
         .help =                                                                                             \
             "with --replay: so long the last frame stands in for a sensor\nthat fails, then zeros; 0.5 "    \
             "when absent"},                                                                                 \
        {.name = "--carry",                                                                                  \
         .value = "S",                                                                                       \
         .help = "with --replay: so long fixes are carried on at constant velocity\nwhere none comes; 2 "    \
                 "when absent"},                                                                             \
        {.name = "--least",                                                                                  \
         .value = "N",                                                                                       \
         .help = "with --replay: with fewer good frames of its window a camera,\nLiDAR or radar is missing " \
                 "as a whole; 1 when absent"},                                                               \
        {.name = "--fault",                                                                                  \
         .value = "LIST",                                                                                    \
         .repeats = true,                                                                                    \
         .help = "with --replay: what goes wrong, see below"},                                               \
        {.name = "--tracker",                                                                                \
         .value = "MODEL",                                                                                   \
         .help = "with --replay: a model of positions, for answers in time when the\nother is not"},         \
        {.name = "--compressed",                                                                             \
         .value = "MODEL",                                                                                   \
         .help = "with --replay: a cheaper model of the same beams, which answers\nfirst; MODEL's own "      \
                 "answer replaces it when it ends in time"},                                                 \
        {.name = "--beams",                                                                                  \
         .value = "CSV",                                                                                     \
         .help = "with --replay: columns beam, and any of azimuth_deg,\nelevation_deg, id"},                 \
        {.name = "--instants", .value = "N", .help = "with --replay: at most so many"},                      \
        {.name = "--seed", .value = "N", .help = "with --replay: of the faults; 0 when absent"},             \
    {                                                                                                        \
        .name = "--html", .value = "FILE", .help = "with --replay: a page of it all"                         \
    }

/* Plays what --replay names, prints a line an instant while it keeps a rate, then the report. Without a
   number of threads in `session` the network runs on one. */
int bcue_cli_replay(bcue_cli *cli, const bcue_session_options *session, double coverage);

#endif
