/* Inside the room: finished episodes. Each leaves a record, episodes/NNNNNN.json, written whole when all its
   files are: its rows, its counts, its files with size and hash. A run is put together from the records, so
   that it makes no difference who simulated which episode, and when. */
#ifndef BCUE_SIMULATE_SIM_PARTS_H
#define BCUE_SIMULATE_SIM_PARTS_H

#include "simulate/sim_run.h"

/* Make the folder of the records; or find that another process has finished the run (run->gone). */
bcue_status bcue_sim_parts_open(bcue_sim_run *run, bcue_error *error);
/* Is the episode finished, with every file as its record says? Sizes are compared; where the machine was
   started anew since, or another one made the files, hashes too. A record that is not true is removed. */
bool bcue_sim_part_done(bcue_sim_run *run, uint32_t episode);
/* Has another process put all of them together, and removed their folder? */
bool bcue_sim_parts_gone(const bcue_sim_run *run);
/* How many there are, by their names alone. */
uint32_t bcue_sim_parts_count(const bcue_sim_run *run);
/* Take an episode for this process until it is released. *claim < 0: somebody else has it, or has
   put the whole run together by now (run->gone). */
bcue_status bcue_sim_part_claim(bcue_sim_run *run, uint32_t episode, int *claim, bcue_error *error);
void bcue_sim_part_release(bcue_sim_run *run, uint32_t episode, int claim);
/* The record of the episode that was just simulated; clears rows and list. */
bcue_status bcue_sim_part_write(bcue_sim_run *run, uint32_t episode, bcue_error *error);
/* The finished run: everything of all records into rows, truth, counts, sites and files of `run`. */
bcue_status bcue_sim_parts_merge(bcue_sim_run *run, bcue_error *error);

#endif
