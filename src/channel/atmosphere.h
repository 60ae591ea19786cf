/* What rain, fog, the gases of the air and leaves take from a wave. Specific attenuations are in dB/km;
   frequencies from 1 GHz to 1000 GHz (fog to 200 GHz). */
#ifndef BCUE_CHANNEL_ATMOSPHERE_H
#define BCUE_CHANNEL_ATMOSPHERE_H

#include "world/weather.h"

/* ITU-R P.838-3: gamma = k R^alpha for rain of rate R (mm/h), on a path with the given elevation and with the
   polarisation turned by `tilt` from the horizontal (radians: 0 horizontal, pi/2 vertical, pi/4 circular). */
typedef struct bcue_rain_law {
    double k, alpha;
} bcue_rain_law;
bcue_rain_law bcue_rain_coefficients(double frequency_hz, double elevation, double tilt);
double bcue_rain_db_per_km(double frequency_hz, double rain_mm_h, double elevation, double tilt);

/* ITU-R P.840-8, section 2: fog of `water_g_m3` of liquid water at a temperature. */
double bcue_fog_db_per_km(double frequency_hz, double water_g_m3, double temperature_c);

/* ITU-R P.676-12, annex 1 (line by line): oxygen and nitrogen, and water vapour, for the pressure of the dry
   air alone. */
typedef struct bcue_gas_loss {
    double dry_db_per_km, vapour_db_per_km;
} bcue_gas_loss;
bcue_gas_loss bcue_gas_db_per_km(double frequency_hz, double dry_pressure_hpa, double vapour_g_m3,
                                 double temperature_c);

/* Loss in dB of a path through `depth_m` of leaves: 0.2 f^0.3 d^0.6 with f in MHz, for 200 MHz to 95 GHz and
   less than 400 m (the closed form of CCIR and the earlier ITU-R P.833; the present one gives no coefficients
   above a few GHz without measurements of the same trees). */
double bcue_foliage_db(double frequency_hz, double depth_m);

/* Rain (vertical polarisation, level path), fog and gases together; snow counts as dry and takes nothing. */
double bcue_weather_db_per_km(double frequency_hz, const bcue_weather *weather);

#endif
