/* What a material does to radio waves: permittivity, thickness, roughness. */
#ifndef BCUE_WORLD_RADIO_MATERIAL_H
#define BCUE_WORLD_RADIO_MATERIAL_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include "beamcue/status.h"

/* How a rough surface spreads what it does not reflect (Degli-Esposti et al., "Measurement and modelling of
   scattering from buildings", IEEE Trans. Antennas Propag. 55, 2007). */
typedef enum bcue_scatter_lobe {
    BCUE_LOBE_LAMBERTIAN, /* ~ cos(theta_s) */
    BCUE_LOBE_DIRECTIVE,  /* ~ ((1 + cos(psi)) / 2)^alpha about the specular direction */
} bcue_scatter_lobe;

typedef struct bcue_radio_material {
    char name[48];
    /* eta' = a f^b, sigma = c f^d with f in GHz and sigma in S/m, for min_hz <= f <= max_hz. For a class of
       ITU-R P.2040-4 these are its first frequency range, and `itu` finds the others. */
    double a, b, c, d;
    double min_hz, max_hz;
    int itu; /* 1 + index of the class in the table of P.2040-4; 0: only a, b, c, d above */

    bool slab;          /* a layer of `thickness_m` with air on both sides; else a half-space */
    double thickness_m; /* > 0 for a slab */

    /* Roughness, as one of: the share S of the reflected field that is scattered, 0 to 1; or the standard
       deviation of the height (Ament). At most one may be positive. */
    double scattering;
    double roughness_m;
    double
        cross_polarisation; /* share of the scattered power that leaves in the other polarisation, 0 to 1 */
    bcue_scatter_lobe lobe;
    int lobe_exponent; /* alpha of a directive lobe, 1 to 100 */
} bcue_radio_material;

/* A class of ITU-R P.2040-4 (section 2.1.4) by name, as a smooth half-space: vacuum, concrete, brick,
   plasterboard, wood, glass, clear_acrylic, ceiling_board, chipboard, plywood, marble, floorboard,
   vinyl_tile, carpet_tile, asphalt_concrete, metal, very_dry_ground, medium_dry_ground, wet_ground. Case,
   blanks and hyphens for underscores, and a leading "itu_" or "itu-" do not matter. BCUE_ERROR_DATA for an
   unknown name, with the list of names. */
bcue_status bcue_radio_material_named(const char *name, bcue_radio_material *material, bcue_error *error);
/* The name of class i = 0, 1, ...; NULL beyond the last. */
const char *bcue_radio_material_class(size_t index);

/* Refuse values that contradict each other or are out of range, naming the material and the field
 * (BCUE_ERROR_CONFIG). */
bcue_status bcue_radio_material_check(const bcue_radio_material *material, bcue_error *error);

/* Complex relative permittivity eta' - j sigma / (2 pi f eps0), for the time convention exp(+j omega t).
   Outside of every frequency range of the material, *extrapolated (NULL is fine) becomes true - it is never
   set to false, so that one flag can serve many materials - and:
   - the three ground classes above 10 GHz follow the soil model of ITU-R P.527-6 (section 5.2), sandy loam at
     20 degrees with the volumetric moisture that comes nearest to P.2040 at 10 GHz: 0.01, 0.21, 0.235;
   - every other material continues the formula of its nearest range. */
double complex bcue_radio_permittivity(const bcue_radio_material *material, double frequency_hz,
                                       bool *extrapolated);

/* The factor on the specularly reflected field, 0 to 1: sqrt(1 - S^2), or Ament's
   exp(-2 (k sigma cos(theta))^2) for a height deviation sigma. The share S of the field that is scattered is
   sqrt(1 - factor^2). */
double bcue_radio_specular_factor(const bcue_radio_material *material, double cos_incidence,
                                  double wavelength_m);

/* Relative permittivity of soil (ITU-R P.527-6, section 5.2): 1 <= f_ghz <= 1000; moisture is the volume of
   water per volume, > 0. */
typedef struct bcue_soil {
    double sand_percent, clay_percent;
    double specific_gravity, bulk_density; /* g/cm3 */
    double moisture;
    double temperature_c;
} bcue_soil;
double complex bcue_soil_permittivity(const bcue_soil *soil, double frequency_hz);

#endif
