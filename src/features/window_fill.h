/* What takes the place of frames and fixes that are missing within a window: one rule for training,
   evaluation and streams. Pure functions of any thread; nothing is allocated. */
#ifndef BCUE_FEATURES_WINDOW_FILL_H
#define BCUE_FEATURES_WINDOW_FILL_H

#include <stdbool.h>
#include <stddef.h>

/* How a place of a window came to what it holds. */
typedef enum bcue_fill {
    BCUE_FILL_NONE,    /* nothing: zeros */
    BCUE_FILL_THERE,   /* its own frame */
    BCUE_FILL_HELD,    /* another one, as it is */
    BCUE_FILL_CARRIED, /* a fix on the line of others */
} bcue_fill;

/* `from[i]`: the place (0 = oldest) whose frame stands in place i: i itself when it is `there`, else the
   nearest older one that is, else the nearest newer one; none that is more than `reach` places away: -1. */
void bcue_fill_window(const bool *there, size_t count, size_t reach, int *from);

/* Any two numbers that change evenly where the vehicle drives evenly: degrees, metres. A longitude must not
   wrap. */
typedef struct bcue_timed_fix {
    double time_s, at[2];
} bcue_timed_fix;

/* Constant velocity: the least-squares line through `count` fixes, at `time_s`; of two, the line through
   both. False, and `at` as it was: fewer than two times differ. */
bool bcue_fix_carry(const bcue_timed_fix *fixes, size_t count, double time_s, double at[2]);

typedef struct bcue_fix_rule {
    double step_s;  /* > 0; between two places */
    double fit_s;   /* the line goes through the fixes of so long before the newest one */
    double carry_s; /* it is not trusted for longer than this; 0: fixes are held only */
    double hold_s;  /* a fix stands for places no further away than this */
} bcue_fix_rule;

/* Fills `window` places, of which the last is the newest, from `count` >= 1 good fixes that rise in time and
   are not later than `now_s`, but for half a step. When the newest is at most carry_s old and the line's
   fixes span half a step at least, the last place is as many whole steps after it as have passed, and places
   after it are on the line; else the last place is that of the newest fix. A place between two fixes that has
   none of its own within half a step is on the line between them. */
void bcue_fill_fixes(const bcue_fix_rule *rule, const bcue_timed_fix *good, size_t count, double now_s,
                     size_t window, bcue_timed_fix *places, bcue_fill *how);

#endif
