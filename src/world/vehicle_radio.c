/* Bodies are stacks of eight-cornered rings with sides in fixed directions, so that every face between two
   rings is flat. Where a ring is much shorter than the one below, the face between is a bonnet, a boot lid or
   a windscreen. */
#include "world/vehicle_radio.h"

/* A ring: height, rear and front end, half width, and how much is cut off its corners. */
typedef struct ring {
    double z, rear, front, half_width, cut;
    bcue_material_id above; /* material of the faces up to the next ring */
} ring;

enum { SIDES = 8 };

static void ring_corners(const ring *r, bcue_vec3 corners[SIDES])
{
    double a = r->rear, b = r->front, w = r->half_width, c = r->cut;
    const double xy[SIDES][2] = {{a + c, -w}, {b - c, -w}, {b, -w + c}, {b, w - c},
                                 {b - c, w},  {a + c, w},  {a, w - c},  {a, -w + c}};
    for (int i = 0; i < SIDES; i++)
        corners[i] = bcue_vec3_make(xy[i][0], xy[i][1], r->z);
}

static void add_lid(bcue_mesh *mesh, const bcue_vec3 corners[SIDES], bool up, bcue_material_id material)
{
    uint32_t first = bcue_mesh_add_vertices(mesh, corners, SIDES);
    for (uint32_t i = 1; i + 1 < SIDES; i++)
        bcue_mesh_add_triangle(mesh, first, first + (up ? i : i + 1), first + (up ? i + 1 : i), material, 0);
}

static void add_body(bcue_mesh *mesh, const ring *rings, int count)
{
    bcue_vec3 below[SIDES], above[SIDES];
    ring_corners(&rings[0], below);
    add_lid(mesh, below, false, BCUE_MATERIAL_TRIM);
    for (int k = 0; k + 1 < count; k++) {
        ring_corners(&rings[k], below);
        ring_corners(&rings[k + 1], above);
        for (int i = 0; i < SIDES; i++) {
            int j = (i + 1) % SIDES;
            const bcue_vec3 face[4] = {below[i], below[j], above[j], above[i]};
            bcue_mesh_add_quad(mesh, face, rings[k].above, 0);
        }
    }
    add_lid(mesh, above, true, rings[count - 1].above);
}

#define BODY BCUE_MATERIAL_PAINT
#define PANE BCUE_MATERIAL_GLASS
#define LOAD BCUE_MATERIAL_CARGO
#define CLOTH BCUE_MATERIAL_CLOTHES

/* `bonnet` and `boot`: share of the length before and behind the cabin; `belt`: where the windows begin. */
static void passenger_car(bcue_mesh *mesh, double length, double width, double height, double bonnet,
                          double boot, double belt)
{
    double l = 0.5 * length, w = 0.5 * width, front = l - bonnet * length, rear = -l + boot * length;
    double lean_rear = boot > 0.1 ? 0.45 : 0.25;
    const ring rings[] = {
        {0.20, -l + 0.30, l - 0.30, w - 0.16, 0.22, BODY},
        {0.32, -l + 0.06, l - 0.06, w - 0.03, 0.20, BODY},
        {0.50, -l, l, w, 0.18, BODY},
        {0.68, -l + 0.02, l - 0.04, w - 0.005, 0.18, BODY},
        {belt - 0.08, -l + 0.07, l - 0.14, w - 0.03, 0.20, BODY},
        {belt, -l + 0.14, l - 0.38, w - 0.08, 0.22, BODY},
        {belt + 0.06, rear, front, w - 0.10, 0.16, PANE},
        {0.5 * (belt + height), rear + 0.48 * lean_rear, front - 0.27, w - 0.17, 0.15, PANE},
        {height - 0.07, rear + lean_rear, front - 0.55, w - 0.24, 0.14, BODY},
        {height, rear + lean_rear + 0.25, front - 0.85, w - 0.38, 0.14, BODY}};
    add_body(mesh, rings, (int)(sizeof rings / sizeof rings[0]));
}

static void van(bcue_mesh *mesh, double length, double width, double height)
{
    double l = 0.5 * length, w = 0.5 * width;
    const ring rings[] = {{0.22, -l + 0.20, l - 0.30, w - 0.14, 0.20, BODY},
                          {0.36, -l + 0.02, l - 0.05, w - 0.02, 0.14, BODY},
                          {0.60, -l, l, w, 0.12, BODY},
                          {0.95, -l, l - 0.05, w - 0.005, 0.12, BODY},
                          {1.15, -l + 0.01, l - 0.22, w - 0.02, 0.12, BODY},
                          {1.24, -l + 0.02, l - 0.62, w - 0.04, 0.12, BODY},
                          {1.70, -l + 0.03, l - 0.92, w - 0.07, 0.12, BODY},
                          {height - 0.30, -l + 0.05, l - 1.20, w - 0.10, 0.12, BODY},
                          {height - 0.08, -l + 0.10, l - 1.34, w - 0.16, 0.14, BODY},
                          {height, -l + 0.30, l - 1.60, w - 0.32, 0.16, BODY}};
    add_body(mesh, rings, (int)(sizeof rings / sizeof rings[0]));
}

/* The cab, and the box behind it with a gap of 12 cm. */
static void truck(bcue_mesh *mesh, double length, double width, double height)
{
    double l = 0.5 * length, w = 0.5 * width, cab = l - 2.0;
    const ring driver[] = {{0.35, cab + 0.05, l - 0.20, w - 0.20, 0.20, BODY},
                           {0.60, cab, l, w - 0.06, 0.18, BODY},
                           {1.45, cab, l - 0.05, w - 0.05, 0.18, PANE},
                           {2.25, cab + 0.03, l - 0.30, w - 0.12, 0.16, BODY},
                           {2.65, cab + 0.10, l - 0.65, w - 0.22, 0.16, BODY}};
    const ring load[] = {{0.55, -l + 0.30, cab - 0.30, 0.55, 0.10, BCUE_MATERIAL_TRIM},
                         {0.90, -l + 0.10, cab - 0.20, 0.70, 0.10, BCUE_MATERIAL_TRIM},
                         {0.95, -l, cab - 0.12, w, 0.04, LOAD},
                         {height - 0.06, -l + 0.005, cab - 0.125, w - 0.005, 0.04, LOAD},
                         {height, -l + 0.06, cab - 0.18, w - 0.06, 0.06, LOAD}};
    add_body(mesh, driver, (int)(sizeof driver / sizeof driver[0]));
    add_body(mesh, load, (int)(sizeof load / sizeof load[0]));
}

static void bus(bcue_mesh *mesh, double length, double width, double height)
{
    double l = 0.5 * length, w = 0.5 * width;
    const ring rings[] = {{0.28, -l + 0.25, l - 0.25, w - 0.12, 0.25, BODY},
                          {0.42, -l + 0.03, l - 0.03, w - 0.01, 0.22, BODY},
                          {0.75, -l, l, w, 0.20, BODY},
                          {1.10, -l + 0.005, l - 0.01, w - 0.004, 0.20, BODY},
                          {1.35, -l + 0.01, l - 0.03, w - 0.01, 0.20, PANE},
                          {1.95, -l + 0.02, l - 0.06, w - 0.025, 0.20, PANE},
                          {2.50, -l + 0.04, l - 0.12, w - 0.05, 0.20, BODY},
                          {height - 0.22, -l + 0.07, l - 0.20, w - 0.09, 0.20, BODY},
                          {height - 0.06, -l + 0.16, l - 0.32, w - 0.20, 0.22, BODY},
                          {height, -l + 0.45, l - 0.60, w - 0.45, 0.24, BODY}};
    add_body(mesh, rings, (int)(sizeof rings / sizeof rings[0]));
}

/* Somebody who sits (`seat` > 0) or stands; z from `seat` to `height`. */
static void person(bcue_mesh *mesh, double seat, double height, double x, double half_width)
{
    double h = height - seat, w = half_width;
    const ring rings[] = {{seat, x - 0.09, x + 0.13, 0.60 * w, 0.05, CLOTH},
                          {seat + 0.18 * h, x - 0.11, x + 0.12, 0.66 * w, 0.06, CLOTH},
                          {seat + 0.42 * h, x - 0.13, x + 0.13, 0.78 * w, 0.07, CLOTH},
                          {seat + 0.60 * h, x - 0.12, x + 0.14, 0.90 * w, 0.07, CLOTH},
                          {seat + 0.76 * h, x - 0.12, x + 0.13, w, 0.07, CLOTH},
                          {seat + 0.83 * h, x - 0.09, x + 0.10, 0.62 * w, 0.06, CLOTH},
                          {seat + 0.87 * h, x - 0.09, x + 0.11, 0.09, 0.03, CLOTH},
                          {seat + 0.94 * h, x - 0.10, x + 0.12, 0.10, 0.04, CLOTH},
                          {height, x - 0.06, x + 0.08, 0.06, 0.02, CLOTH}};
    add_body(mesh, rings, (int)(sizeof rings / sizeof rings[0]));
}

/* Wheels, frame and fairing as one narrow body; the rider above. */
static void two_wheeler(bcue_mesh *mesh, double length, double height, double half_width, double half_body,
                        double seat, bcue_material_id material)
{
    double l = 0.5 * length, b = half_body;
    const ring rings[] = {{0.04, -0.65 * l, 0.65 * l, 0.6 * b, 0.02, material},
                          {0.22, -l, l, 0.8 * b, 0.02, material},
                          {0.45, -l, l, b, 0.02, material},
                          {0.62, -0.8 * l, 0.8 * l, b, 0.02, material},
                          {seat - 0.03, -0.55 * l, 0.55 * l, 0.8 * b, 0.02, material}};
    add_body(mesh, rings, (int)(sizeof rings / sizeof rings[0]));
    person(mesh, seat, height, -0.12, half_width);
}

void bcue_vehicle_radio_mesh(bcue_vehicle_class vehicle_class, double length_m, double width_m,
                             double height_m, bcue_mesh *mesh)
{
    switch (vehicle_class) {
    case BCUE_VEHICLE_HATCHBACK:
        passenger_car(mesh, length_m, width_m, height_m, 0.22, 0.03, 0.92);
        break;
    case BCUE_VEHICLE_SEDAN:
        passenger_car(mesh, length_m, width_m, height_m, 0.27, 0.17, 0.90);
        break;
    case BCUE_VEHICLE_SUV:
        passenger_car(mesh, length_m, width_m, height_m, 0.24, 0.03, 1.08);
        break;
    case BCUE_VEHICLE_VAN:
        van(mesh, length_m, width_m, height_m);
        break;
    case BCUE_VEHICLE_TRUCK:
        truck(mesh, length_m, width_m, height_m);
        break;
    case BCUE_VEHICLE_BUS:
        bus(mesh, length_m, width_m, height_m);
        break;
    case BCUE_VEHICLE_MOTORCYCLE:
        two_wheeler(mesh, length_m, height_m, 0.25, 0.17, 0.80, BCUE_MATERIAL_PAINT);
        break;
    case BCUE_VEHICLE_BICYCLE:
        two_wheeler(mesh, length_m, height_m, 0.24, 0.05, 0.88, BCUE_MATERIAL_STEEL);
        break;
    default:
        person(mesh, 0.0, height_m, 0.0, 0.5 * width_m - 0.02);
        break;
    }
}
