/* Inside the room: a run by several processes. */
#ifndef BCUE_SIMULATE_SIM_JOBS_H
#define BCUE_SIMULATE_SIM_JOBS_H

#include "simulate/sim_run.h"

/* bcue_sim_run_share, by as many processes as options.jobs asks for; the first failure ends all of them.
   Their times by sensor are added up in the summary. */
bcue_status bcue_sim_run_jobs(bcue_sim_run *run, bcue_error *error);

#endif
