/* Time. */
#ifndef BCUE_BASE_CLOCK_H
#define BCUE_BASE_CLOCK_H

#include <stddef.h>

double bcue_clock_s(void);                    /* monotonic seconds from an arbitrary start */
void bcue_clock_utc(char *text, size_t size); /* "2026-01-31T12:00:00Z" */

#endif
