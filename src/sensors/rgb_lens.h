/* Inside the room: the radial distortion of the camera's lens. */
#ifndef BCUE_SENSORS_RGB_LENS_H
#define BCUE_SENSORS_RGB_LENS_H

/* Radii in units of half the picture's width. Where a picture point at radius r lies in the pinhole's
   picture. */
static inline double bcue_lens_straighten(const double distortion[2], double r)
{
    return r * (1.0 + r * r * (distortion[0] + r * r * distortion[1]));
}
/* The inverse, by Newton's method from the undistorted radius; good where the lens is monotone. */
double bcue_lens_bend(const double distortion[2], double straight);

#endif
