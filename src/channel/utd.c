#include "channel/utd.h"

#include <math.h>

/* exp(z^2) erfc(z) for z = r exp(j pi/4), r >= 0. */
static double complex scaled_erfc(double complex z)
{
    if (cabs(z) < 3.0) {
        /* exp(z^2) - 2/sqrt(pi) sum of 2^k z^(2k+1) / (2k+1)!! */
        double complex term = z, sum = z;
        for (int k = 0; k < 80; k++) {
            term *= 2.0 * z * z / (2.0 * k + 3.0);
            sum += term;
        }
        return cexp(z * z) - 2.0 / sqrt(BCUE_PI) * sum;
    }
    /* Laplace's continued fraction, from the inside out. */
    double complex tail = z;
    for (int k = 80; k >= 1; k--)
        tail = z + 0.5 * k / tail;
    return 1.0 / (sqrt(BCUE_PI) * tail);
}

double complex bcue_utd_transition(double x)
{
    if (!(x > 0.0))
        return 0.0;
    double r = sqrt(0.5 * x);
    double complex z = r + r * I; /* sqrt(x) exp(j pi/4) */
    return sqrt(BCUE_PI) * z * scaled_erfc(z);
}

/* cot((pi + sign beta) / 2n) F(k L a(beta)), finite at the boundary where the cotangent is not. */
static double complex term(double n, double beta, double sign, double kl)
{
    /* The boundary nearest to beta, and the distance eps from it: (pi + sign beta) / 2n = N pi + eps / 2n. */
    double turns = nearbyint((BCUE_PI + sign * beta) / (2.0 * BCUE_PI * n));
    double eps = BCUE_PI + sign * beta - 2.0 * BCUE_PI * n * turns;
    if (fabs(eps) < 1e-11) {
        double complex limit = n * sqrt(2.0 * BCUE_PI * kl) * (sqrt(0.5) + sqrt(0.5) * I);
        return eps < 0.0 ? -limit : limit;
    }
    double s = sin(0.5 * eps);
    return bcue_utd_transition(kl * 2.0 * s * s) / tan(eps / (2.0 * n));
}

bcue_utd_terms bcue_utd_make_terms(double n, double phi_in, double phi_out, double wavenumber,
                                   double distance_parameter_m, double sin_beta)
{
    double kl = wavenumber * distance_parameter_m;
    double difference = fabs(phi_out - phi_in), sum = phi_out + phi_in;
    double complex factor =
        -(sqrt(0.5) - sqrt(0.5) * I) / (2.0 * n * sqrt(2.0 * BCUE_PI * wavenumber) * sin_beta);
    return (bcue_utd_terms){
        .incident = {factor * term(n, difference, 1.0, kl), factor * term(n, difference, -1.0, kl)},
        .reflected = {factor * term(n, sum, -1.0, kl), factor * term(n, sum, 1.0, kl)}};
}

/* 2 x 2, over the edge-fixed components (along beta and along phi). */
typedef struct matrix {
    double complex a[2][2];
} matrix;

static matrix product(matrix x, matrix y)
{
    matrix z;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            z.a[i][j] = x.a[i][0] * y.a[0][j] + x.a[i][1] * y.a[1][j];
    return z;
}

static void add(matrix *sum, double complex factor, matrix x)
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            sum->a[i][j] += factor * x.a[i][j];
}

/* The polarisation of a face as seen from the edge. At the reflection boundary the s direction of the face
   has the same components (-cos phi', cos beta sin phi') and (cos phi, cos beta sin phi) before and after;
   away from it the projector on s is the mean of both, which keeps reciprocity. Angles are counted from the
   face; cos_beta in its sense. */
static void s_projector(double phi_in, double phi_out, double cos_beta, double s[2][2])
{
    double v[2][2] = {{-cos(phi_in), cos_beta * sin(phi_in)}, {cos(phi_out), cos_beta * sin(phi_out)}};
    s[0][0] = s[0][1] = s[1][1] = 0.0;
    for (int k = 0; k < 2; k++) {
        double square = v[k][0] * v[k][0] + v[k][1] * v[k][1];
        if (square < 1e-20) {
            v[k][0] = square = 1.0;
            v[k][1] = 0.0;
        }
        s[0][0] += 0.5 * v[k][0] * v[k][0] / square;
        s[0][1] += 0.5 * v[k][0] * v[k][1] / square;
        s[1][1] += 0.5 * v[k][1] * v[k][1] / square;
    }
    s[1][0] = s[0][1];
}

/* One face at the angle that counts for it. */
typedef struct face {
    matrix reflect, transmit;
} face;

/* angle: from the face, of the ray that decides about its coefficients. */
static face look_at(const bcue_utd_wedge *wedge, int which, double phi_in, double phi_out, double angle,
                    double cos_beta, double sin_beta)
{
    bcue_plane_response r = wedge->response(wedge->face[which], sin_beta * fabs(sin(angle)));
    double s[2][2];
    face made;
    s_projector(phi_in, phi_out, cos_beta, s);
    /* In components (beta', phi') before and (-beta, -phi) after: diag(1, -1) (r_s S - r_p (1 - S)). */
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            double other = (i == j ? 1.0 : 0.0) - s[i][j];
            made.reflect.a[i][j] = (i == 0 ? 1.0 : -1.0) * (r.r_s * s[i][j] - r.r_p * other);
        }
    /* The wave behind goes straight on; there (cos phi, -cos beta sin phi) is the s direction after. */
    double v[2] = {cos(phi_out), -cos_beta * sin(phi_out)}, w[2] = {-cos(phi_in), cos_beta * sin(phi_in)};
    double vv = fmax(v[0] * v[0] + v[1] * v[1], 1e-20), ww = fmax(w[0] * w[0] + w[1] * w[1], 1e-20);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            double straight = 0.5 * (v[i] * v[j] / vv + w[i] * w[j] / ww);
            made.transmit.a[i][j] = r.t_s * straight + r.t_p * ((i == j ? 1.0 : 0.0) - straight);
        }
    return made;
}

static matrix coefficient(const bcue_utd_wedge *wedge, const bcue_utd_terms *d, double phi_in, double phi_out,
                          double cos_beta, double sin_beta)
{
    const matrix one = {{{1.0, 0.0}, {0.0, 1.0}}};
    double whole = wedge->n * BCUE_PI, low = fmin(phi_in, phi_out), high = fmax(phi_in, phi_out);
    bool luebbers = wedge->method == BCUE_DIFFRACTION_LUEBBERS;
    face face0 = look_at(wedge, 0, phi_in, phi_out, luebbers ? phi_in : low, cos_beta, sin_beta);
    face face_n = look_at(wedge, 1, whole - phi_in, whole - phi_out, whole - (luebbers ? phi_out : high),
                          -cos_beta, sin_beta);
    matrix sum = {{{0.0, 0.0}, {0.0, 0.0}}};
    add(&sum, d->incident[1], one);
    if (wedge->sheet)
        add(&sum, -d->incident[1], face0.transmit);
    else {
        add(&sum, -0.5 * d->incident[1], product(face0.transmit, face_n.transmit));
        add(&sum, -0.5 * d->incident[1], product(face_n.transmit, face0.transmit));
    }
    add(&sum, d->reflected[0], face0.reflect);
    add(&sum, d->reflected[1], face_n.reflect);
    if (luebbers)
        add(&sum, d->incident[0], one);
    else {
        add(&sum, 0.5 * d->incident[0], product(face0.reflect, face_n.reflect));
        add(&sum, 0.5 * d->incident[0], product(face_n.reflect, face0.reflect));
    }
    return sum;
}

/* The angle of a direction across the edge, from face 0, in [0, 2 pi). */
static double angle_about(const bcue_utd_wedge *wedge, bcue_vec3 direction)
{
    bcue_vec3 along = bcue_vec3_cross(wedge->normal, wedge->edge);
    double angle = atan2(bcue_vec3_dot(direction, wedge->normal), bcue_vec3_dot(direction, along));
    return angle < 0.0 ? angle + 2.0 * BCUE_PI : angle;
}

/* A ray along a face may come out a rounding error inside the wedge. */
static double clamp(double phi, double whole)
{
    if (phi <= whole)
        return phi;
    return phi - whole < 2.0 * BCUE_PI - phi ? whole : 0.0;
}

bcue_field bcue_utd_diffract(const bcue_utd_wedge *wedge, bcue_field incident, bcue_vec3 in, bcue_vec3 out,
                             double s_in, double s_out, double wavenumber)
{
    bcue_vec3 across_in = bcue_vec3_cross(wedge->edge, in), across_out = bcue_vec3_cross(wedge->edge, out);
    double sin_beta = bcue_vec3_norm(across_in), cos_beta = bcue_vec3_dot(in, wedge->edge);
    if (sin_beta < 1e-9 || bcue_vec3_norm(across_out) < 1e-9)
        return (bcue_field){0.0, 0.0, 0.0}; /* along the edge: no cone */
    double whole = wedge->n * BCUE_PI;
    double phi_in = clamp(angle_about(wedge, bcue_vec3_scale(in, -1.0)), whole);
    double phi_out = clamp(angle_about(wedge, out), whole);
    double distance = s_in * s_out / (s_in + s_out) * sin_beta * sin_beta;
    bcue_utd_terms terms = bcue_utd_make_terms(wedge->n, phi_in, phi_out, wavenumber, distance, sin_beta);
    matrix k = coefficient(wedge, &terms, phi_in, phi_out, cos_beta, sin_beta);
    /* phi' = -e x in, beta' = phi' x in; the out vectors are -phi = -(e x out), -beta = -(phi x out). */
    bcue_vec3 phi_hat_in = bcue_vec3_scale(bcue_vec3_unit(across_in), -1.0);
    bcue_vec3 phi_hat_out = bcue_vec3_scale(bcue_vec3_unit(across_out), -1.0);
    bcue_vec3 basis_in[2] = {bcue_vec3_cross(phi_hat_in, in), phi_hat_in};
    bcue_vec3 basis_out[2] = {bcue_vec3_cross(phi_hat_out, out), phi_hat_out};
    bcue_field made = {0.0, 0.0, 0.0};
    for (int i = 0; i < 2; i++)
        made = bcue_field_add(made,
                              k.a[i][0] * bcue_field_dot(incident, basis_in[0]) +
                                  k.a[i][1] * bcue_field_dot(incident, basis_in[1]),
                              basis_out[i]);
    return made;
}
