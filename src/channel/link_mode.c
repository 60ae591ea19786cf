#include "channel/link_mode.h"

#define PAPER_MAX_PATH_LOSS_DB 120.0

bcue_link_switches bcue_link_mode_switches(bcue_link_mode mode)
{
    bcue_link_switches switches;
    for (int d = 0; d < BCUE_DIFFERENCE_COUNT; d++)
        switches.paper[d] = mode == BCUE_LINK_PAPER;
    return switches;
}

const char *bcue_link_difference_name(bcue_link_difference difference)
{
    static const char *const names[BCUE_DIFFERENCE_COUNT] = {[BCUE_DIFFERENCE_ORIENTATION] = "orientation",
                                                             [BCUE_DIFFERENCE_COMBINING] = "combining",
                                                             [BCUE_DIFFERENCE_CAP] = "cap",
                                                             [BCUE_DIFFERENCE_MATERIALS] = "materials",
                                                             [BCUE_DIFFERENCE_POLARISATION] = "polarisation",
                                                             [BCUE_DIFFERENCE_MECHANISMS] = "mechanisms",
                                                             [BCUE_DIFFERENCE_NORMALISATION] =
                                                                 "normalisation"};
    return difference >= 0 && difference < BCUE_DIFFERENCE_COUNT ? names[difference] : "unknown";
}

void bcue_link_apply_switches(const bcue_link_switches *switches, const bcue_weather *weather,
                              bcue_link_config *link, bcue_channel_config *channel)
{
    const bool *paper = switches->paper;
    link->incoherent = paper[BCUE_DIFFERENCE_COMBINING];
    link->max_path_loss_db = paper[BCUE_DIFFERENCE_CAP] ? PAPER_MAX_PATH_LOSS_DB : 0.0;
    link->unpolarised = paper[BCUE_DIFFERENCE_POLARISATION];
    link->few_mechanisms = paper[BCUE_DIFFERENCE_MECHANISMS];
    channel->half_spaces = channel->smooth = paper[BCUE_DIFFERENCE_MATERIALS];
    channel->weather = paper[BCUE_DIFFERENCE_MECHANISMS] ? NULL : weather;
}

bcue_codebook_normalisation bcue_link_switched_normalisation(const bcue_link_switches *switches)
{
    return switches->paper[BCUE_DIFFERENCE_NORMALISATION] ? BCUE_NORMALISE_AMPLITUDE : BCUE_NORMALISE_POWER;
}

bcue_frame bcue_link_switched_frame(const bcue_link_switches *switches, bcue_vec3 place, double azimuth,
                                    double tilt)
{
    if (switches->paper[BCUE_DIFFERENCE_ORIENTATION])
        return bcue_frame_make(place, azimuth - 0.5 * BCUE_PI, 0.0);
    return bcue_frame_make(place, azimuth, tilt);
}
