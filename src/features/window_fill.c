#include "features/window_fill.h"

#include <math.h>

/* Times that are meant to be equal differ by so many steps at most. */
static const double rounding = 1e-6;

void bcue_fill_window(const bool *there, size_t count, size_t reach, int *from)
{
    for (size_t i = 0; i < count; i++) {
        size_t older = 0, newer = 0; /* places away; 0: none */
        for (size_t d = 1; d <= reach && d <= i && older == 0; d++)
            older = there[i - d] ? d : 0;
        for (size_t d = 1; d <= reach && i + d < count && newer == 0; d++)
            newer = there[i + d] ? d : 0;
        from[i] = there[i] ? (int)i : older > 0 ? (int)(i - older) : newer > 0 ? (int)(i + newer) : -1;
    }
}

bool bcue_fix_carry(const bcue_timed_fix *fixes, size_t count, double time_s, double at[2])
{
    double mean_s = 0, spread = 0, mean[2] = {0, 0}, slope[2] = {0, 0};
    if (count == 0)
        return false;
    const bcue_timed_fix *base = &fixes[count - 1]; /* small numbers keep their digits */
    for (size_t i = 0; i < count; i++)
        mean_s += (fixes[i].time_s - base->time_s) / (double)count;
    for (size_t i = 0; i < count; i++) {
        const double off_s = fixes[i].time_s - base->time_s - mean_s;
        spread += off_s * off_s;
        for (int k = 0; k < 2; k++) {
            mean[k] += (fixes[i].at[k] - base->at[k]) / (double)count;
            slope[k] += off_s * (fixes[i].at[k] - base->at[k]);
        }
    }
    if (!(spread > 0))
        return false;
    for (int k = 0; k < 2; k++)
        at[k] = base->at[k] + mean[k] + slope[k] / spread * (time_s - base->time_s - mean_s);
    return true;
}

/* A place not later than the newest fix. */
static bcue_fill fill_between(const bcue_fix_rule *rule, const bcue_timed_fix *good, size_t count,
                              double time_s, double at[2])
{
    const double near_s = (0.5 + rounding) * rule->step_s;
    size_t after = 0;
    while (after < count && good[after].time_s <= time_s)
        after++;
    const bcue_timed_fix *older = after > 0 ? &good[after - 1] : NULL,
                         *newer = after < count ? &good[after] : NULL;
    const double older_s = older != NULL ? time_s - older->time_s : INFINITY,
                 newer_s = newer != NULL ? newer->time_s - time_s : INFINITY;
    const bcue_timed_fix *nearest = older_s <= newer_s ? older : newer;
    bcue_fill how = BCUE_FILL_NONE;
    if (nearest == NULL)
        return how;
    if (fmin(older_s, newer_s) <= near_s)
        how = BCUE_FILL_THERE;
    else if (older != NULL && newer != NULL && older_s <= rule->carry_s &&
             bcue_fix_carry(older, 2, time_s, at))
        return BCUE_FILL_CARRIED;
    else if (fmin(older_s, newer_s) <= rule->hold_s + rounding * rule->step_s) {
        how = BCUE_FILL_HELD;
        const bool held = older_s <= rule->hold_s + rounding * rule->step_s;
        nearest = older != NULL && (newer == NULL || held) ? older : newer;
    }
    for (int k = 0; how != BCUE_FILL_NONE && k < 2; k++)
        at[k] = nearest->at[k];
    return how;
}

void bcue_fill_fixes(const bcue_fix_rule *rule, const bcue_timed_fix *good, size_t count, double now_s,
                     size_t window, bcue_timed_fix *places, bcue_fill *how)
{
    const bcue_timed_fix *newest = &good[count - 1];
    const double age_s = now_s - newest->time_s, slack_s = rounding * rule->step_s;
    size_t first = count - 1;
    double ignored[2];
    while (first > 0 && good[first - 1].time_s >= newest->time_s - rule->fit_s - slack_s)
        first--;
    const bool trusted = rule->carry_s > 0 && age_s <= rule->carry_s + slack_s &&
                         newest->time_s - good[first].time_s >= 0.5 * rule->step_s &&
                         bcue_fix_carry(good + first, count - first, now_s, ignored);
    const double ahead = trusted ? floor(age_s / rule->step_s + rounding) : 0;
    for (size_t i = 0; i < window; i++) {
        const double steps = (ahead > 0 ? ahead : 0) - (double)(window - 1 - i);
        places[i] = (bcue_timed_fix){.time_s = newest->time_s + steps * rule->step_s};
        if (steps > 0 && bcue_fix_carry(good + first, count - first, places[i].time_s, places[i].at))
            how[i] = BCUE_FILL_CARRIED;
        else
            how[i] = fill_between(rule, good, count, places[i].time_s, places[i].at);
    }
}
