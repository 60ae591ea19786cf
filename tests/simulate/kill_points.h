/* Every call by which beamcue's own objects change a folder is a step: the linker puts the functions of
   kill_points.c before those of the C library (--wrap, CMakeLists.txt). A process can be made to die by
   SIGKILL, or to wait, just before its step number so-and-so. */
#ifndef BCUE_TESTS_KILL_POINTS_H
#define BCUE_TESTS_KILL_POINTS_H

/* Count from here on, and die before step `kill_at` (from 1; 0: never). Each step writes a line "number call
   path" into the file `trace`, unless that is NULL. */
void kill_points_begin(unsigned kill_at, const char *trace);
/* Wait before the first step from now on of this call whose path ends so ("rename", "/manifest.json"): the
   file `pause`.waits says that it does, the file `pause`.go lets it go on. Several are met in their order; 4
   at most. The strings are kept. */
void kill_points_wait_at(const char *call, const char *ending, const char *pause);

#endif
