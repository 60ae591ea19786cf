/* From time of day and weather to what the camera renders by. */
#ifndef BCUE_SENSORS_RGB_WEATHER_H
#define BCUE_SENSORS_RGB_WEATHER_H

#include "sensors/rgb_camera.h"
#include "world/weather.h"

/* A derived weather (bcue_weather_derive) and the world's street lamps, as light. `lamps` has
   world->lamp_count places, is filled, and must outlive the renders. The camera's exposure follows the light:
   a night is as bright in the picture as its lamps. */
bcue_daylight bcue_daylight_of(const bcue_weather *weather, const bcue_world *world, bcue_lamp_source *lamps);

#endif
