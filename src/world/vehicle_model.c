#include "world/vehicle_model.h"

#include <string.h>
#include "base/fail.h"
#include "world/vehicle_radio.h"

/* Half-height of the antenna above the roof: clear of the roof's own shadow, low enough for a roof mount. */
#define ANTENNA_ABOVE_ROOF_M 0.10

typedef struct bcue_class_size {
    const char *name;
    double length, width, height;
} bcue_class_size;

static const bcue_class_size sizes[BCUE_VEHICLE_CLASS_COUNT] = {
    [BCUE_VEHICLE_HATCHBACK] = {"hatchback", 3.9, 1.70, 1.50},
    [BCUE_VEHICLE_SEDAN] = {"sedan", 4.7, 1.82, 1.46},
    [BCUE_VEHICLE_SUV] = {"suv", 4.7, 1.92, 1.78},
    [BCUE_VEHICLE_VAN] = {"van", 5.4, 2.00, 2.35},
    [BCUE_VEHICLE_TRUCK] = {"truck", 8.2, 2.45, 3.40},
    [BCUE_VEHICLE_BUS] = {"bus", 11.5, 2.55, 3.15},
    [BCUE_VEHICLE_MOTORCYCLE] = {"motorcycle", 2.2, 0.75, 1.65},
    [BCUE_VEHICLE_BICYCLE] = {"bicycle", 1.8, 0.65, 1.75},
    [BCUE_VEHICLE_PEDESTRIAN] = {"pedestrian", 0.5, 0.55, 1.76},
};

const char *bcue_vehicle_class_name(bcue_vehicle_class vehicle_class)
{
    return sizes[vehicle_class].name;
}

static void box(bcue_mesh *mesh, double x0, double x1, double y0, double y1, double z0, double z1,
                bcue_material_id material)
{
    bcue_mesh_add_box(mesh, bcue_vec3_make(x0, y0, z0), bcue_vec3_make(x1, y1, z1), material, 0);
}

/* A body whose lower edge spans [x0, x1] and upper edge [x2, x3], narrowing from half width w0 to w1. */
static void tapered(bcue_mesh *mesh, double x0, double x1, double w0, double z0, double x2, double x3,
                    double w1, double z1, bcue_material_id ends, bcue_material_id flanks,
                    bcue_material_id top)
{
    const bcue_vec3 corners[8] = {{x0, -w0, z0}, {x1, -w0, z0}, {x0, w0, z0}, {x1, w0, z0},
                                  {x2, -w1, z1}, {x3, -w1, z1}, {x2, w1, z1}, {x3, w1, z1}};
    const bcue_material_id materials[6] = {ends, ends, flanks, flanks, BCUE_MATERIAL_TRIM, top};
    bcue_mesh_add_hexahedron(mesh, corners, materials, 0);
}

static void wheels(bcue_mesh *mesh, double x, double half_width, double radius, double breadth)
{
    for (int side = -1; side <= 1; side += 2) {
        double outer = (double)side * (half_width + 0.01);
        bcue_vec3 base = bcue_vec3_make(x, outer, radius),
                  axis = bcue_vec3_make(0, -(double)side * breadth, 0);
        bcue_mesh_add_cylinder(mesh, base, axis, radius, 14, BCUE_MATERIAL_RUBBER, BCUE_MATERIAL_RUBBER, 0);
        bcue_vec3 hub = bcue_vec3_make(x, outer + (double)side * 0.01, radius);
        bcue_mesh_add_cylinder(mesh, hub, axis, 0.58 * radius, 10, BCUE_MATERIAL_RIM, BCUE_MATERIAL_RIM, 0);
    }
}

/* Lamps front and rear, bumpers and number plates. */
static void ends(bcue_mesh *mesh, double half_length, double half_width, double lamp_z, double bumper_z)
{
    for (int side = -1; side <= 1; side += 2) {
        double y0 = (double)side * (half_width - 0.42), y1 = (double)side * (half_width - 0.04);
        double low = y0 < y1 ? y0 : y1, high = y0 < y1 ? y1 : y0;
        box(mesh, half_length - 0.10, half_length + 0.02, low, high, lamp_z, lamp_z + 0.16,
            BCUE_MATERIAL_HEADLIGHT);
        box(mesh, -half_length - 0.02, -half_length + 0.10, low, high, lamp_z + 0.02, lamp_z + 0.2,
            BCUE_MATERIAL_TAILLIGHT);
    }
    box(mesh, half_length - 0.2, half_length + 0.05, -half_width + 0.05, half_width - 0.05, bumper_z,
        bumper_z + 0.16, BCUE_MATERIAL_TRIM);
    box(mesh, -half_length - 0.05, -half_length + 0.2, -half_width + 0.05, half_width - 0.05, bumper_z,
        bumper_z + 0.16, BCUE_MATERIAL_TRIM);
}

/* A door seam, drawn as a thin dark strip, and a pillar between two panes. */
static void pillar(bcue_mesh *mesh, double x, double half_width, double z0, double z1)
{
    for (int side = -1; side <= 1; side += 2) {
        double y = (double)side * half_width;
        box(mesh, x - 0.05, x + 0.05, y - 0.03, y + 0.03, z0, z1, BCUE_MATERIAL_PAINT);
    }
}

/* `bonnet` and `boot`: share of the length in front of and behind the cabin; `belt`: height where the glass
 * begins. */
static void passenger_car(bcue_mesh *mesh, const bcue_class_size *size, double bonnet, double boot,
                          double belt, double wheel)
{
    double l = 0.5 * size->length, w = 0.5 * size->width, roof = size->height;
    double front = l - bonnet * size->length, rear = -l + boot * size->length;
    tapered(mesh, -l, l, w, 0.28, -l + 0.06, l - 0.10, w, 0.62, BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT);
    tapered(mesh, -l + 0.06, l - 0.10, w, 0.62, -l + 0.12, l - 0.35, w - 0.05, belt, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT);
    double slope_front = 0.55, slope_rear = boot > 0.1 ? 0.45 : 0.25;
    tapered(mesh, rear, front, w - 0.06, belt, rear + slope_rear, front - slope_front, w - 0.22, roof - 0.06,
            BCUE_MATERIAL_GLASS, BCUE_MATERIAL_GLASS, BCUE_MATERIAL_PAINT);
    tapered(mesh, rear + slope_rear - 0.08, front - slope_front + 0.08, w - 0.2, roof - 0.07,
            rear + slope_rear, front - slope_front, w - 0.26, roof, BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT);
    double middle = 0.5 * (front + rear) - 0.05;
    pillar(mesh, middle, w - 0.13, belt, roof - 0.04);
    pillar(mesh, rear + slope_rear + 0.1, w - 0.13, belt, roof - 0.04);
    box(mesh, -0.55 * l, 0.55 * l, -w - 0.012, w + 0.012, 0.24, 0.34, BCUE_MATERIAL_TRIM);
    box(mesh, front - 0.5, front - 0.3, -w - 0.12, w + 0.12, belt - 0.02, belt + 0.12, BCUE_MATERIAL_PAINT);
    wheels(mesh, l - 0.18 * size->length, w, wheel, 0.22);
    wheels(mesh, -l + 0.19 * size->length, w, wheel, 0.22);
    ends(mesh, l - 0.03, w, 0.60, 0.34);
}

static void van(bcue_mesh *mesh, const bcue_class_size *size)
{
    double l = 0.5 * size->length, w = 0.5 * size->width, roof = size->height;
    tapered(mesh, -l, l, w, 0.30, -l, l - 0.10, w, 1.15, BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT);
    tapered(mesh, -l, l - 0.75, w, 1.15, -l + 0.03, l - 1.25, w - 0.1, roof, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT);
    tapered(mesh, l - 1.7, l - 0.55, w - 0.02, 1.15, l - 1.7, l - 1.15, w - 0.10, roof - 0.25,
            BCUE_MATERIAL_GLASS, BCUE_MATERIAL_GLASS, BCUE_MATERIAL_PAINT);
    box(mesh, -l + 0.2, l - 1.9, -w - 0.012, w + 0.012, 0.55, 0.62, BCUE_MATERIAL_TRIM);
    wheels(mesh, l - 0.95, w, 0.34, 0.24);
    wheels(mesh, -l + 1.05, w, 0.34, 0.24);
    ends(mesh, l - 0.03, w, 0.78, 0.36);
}

static void truck(bcue_mesh *mesh, const bcue_class_size *size)
{
    double l = 0.5 * size->length, w = 0.5 * size->width, roof = size->height, cab = l - 2.0;
    tapered(mesh, cab, l, w - 0.04, 0.45, cab, l - 0.05, w - 0.04, 1.45, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT);
    tapered(mesh, cab + 0.55, l - 0.05, w - 0.05, 1.45, cab + 0.55, l - 0.3, w - 0.12, 2.25,
            BCUE_MATERIAL_GLASS, BCUE_MATERIAL_GLASS, BCUE_MATERIAL_PAINT);
    box(mesh, cab, cab + 0.55, -w + 0.06, w - 0.06, 1.45, 2.3, BCUE_MATERIAL_PAINT);
    tapered(mesh, cab, l - 0.3, w - 0.1, 2.25, cab, l - 0.6, w - 0.2, 2.65, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT);
    box(mesh, -l, cab - 0.15, -w, w, 0.95, roof, BCUE_MATERIAL_CARGO);
    box(mesh, -l + 0.3, cab - 0.4, -w - 0.012, w + 0.012, 1.6, 2.2, BCUE_MATERIAL_PAINT);
    box(mesh, -l + 0.1, l - 0.2, -0.5, 0.5, 0.5, 0.95, BCUE_MATERIAL_TRIM);
    wheels(mesh, l - 1.1, w - 0.04, 0.48, 0.3);
    wheels(mesh, -l + 1.6, w - 0.04, 0.48, 0.5);
    ends(mesh, l - 0.03, w, 0.72, 0.45);
}

static void bus(bcue_mesh *mesh, const bcue_class_size *size)
{
    double l = 0.5 * size->length, w = 0.5 * size->width, roof = size->height;
    box(mesh, -l, l, -w, w, 0.35, roof - 0.1, BCUE_MATERIAL_PAINT);
    tapered(mesh, -l, l, w, roof - 0.1, -l + 0.2, l - 0.2, w - 0.15, roof, BCUE_MATERIAL_CARGO,
            BCUE_MATERIAL_CARGO, BCUE_MATERIAL_CARGO);
    double first = -l + 0.5, pitch = (size->length - 1.0) / 7.0;
    for (int i = 0; i < 7; i++)
        box(mesh, first + (double)i * pitch + 0.06, first + (double)(i + 1) * pitch - 0.06, -w - 0.015,
            w + 0.015, 1.35, 2.45, BCUE_MATERIAL_GLASS);
    box(mesh, l - 0.05, l + 0.02, -w + 0.12, w - 0.12, 1.2, 2.6, BCUE_MATERIAL_GLASS);
    box(mesh, -l - 0.02, -l + 0.05, -w + 0.3, w - 0.3, 1.6, 2.4, BCUE_MATERIAL_GLASS);
    box(mesh, -l + 0.05, l - 0.05, -w - 0.01, w + 0.01, 0.35, 0.6, BCUE_MATERIAL_TRIM);
    box(mesh, -l + 0.05, l - 0.05, -w - 0.012, w + 0.012, 0.95, 1.08, BCUE_MATERIAL_CARGO);
    wheels(mesh, l - 2.4, w, 0.48, 0.3);
    wheels(mesh, -l + 3.0, w, 0.48, 0.3);
    ends(mesh, l, w, 0.7, 0.4);
}

static void motorcycle(bcue_mesh *mesh, const bcue_class_size *size)
{
    double l = 0.5 * size->length;
    for (int end = -1; end <= 1; end += 2)
        bcue_mesh_add_cylinder(mesh, bcue_vec3_make((double)end * (l - 0.33), -0.07, 0.33),
                               bcue_vec3_make(0, 0.14, 0), 0.33, 14, BCUE_MATERIAL_RUBBER, BCUE_MATERIAL_RIM,
                               0);
    tapered(mesh, -0.75, 0.6, 0.14, 0.4, -0.85, 0.5, 0.18, 0.82, BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_TRIM);
    tapered(mesh, 0.5, 0.85, 0.06, 0.3, 0.3, 0.5, 0.08, 1.05, BCUE_MATERIAL_TRIM, BCUE_MATERIAL_TRIM,
            BCUE_MATERIAL_TRIM);
    box(mesh, 0.42, 0.5, -0.37, 0.37, 1.0, 1.06, BCUE_MATERIAL_TRIM);
    box(mesh, 0.52, 0.62, -0.1, 0.1, 0.85, 1.02, BCUE_MATERIAL_HEADLIGHT);
    box(mesh, -0.92, -0.84, -0.08, 0.08, 0.74, 0.84, BCUE_MATERIAL_TAILLIGHT);
    tapered(mesh, -0.45, 0.0, 0.2, 0.8, -0.15, 0.15, 0.24, 1.4, BCUE_MATERIAL_CLOTHES, BCUE_MATERIAL_CLOTHES,
            BCUE_MATERIAL_CLOTHES);
    for (int side = -1; side <= 1; side += 2) {
        double y = (double)side * 0.22;
        box(mesh, -0.25, 0.25, y - 0.07, y + 0.07, 0.45, 0.85, BCUE_MATERIAL_CLOTHES);
    }
    bcue_mesh_add_ellipsoid(mesh, bcue_vec3_make(0.08, 0, size->height - 0.14),
                            bcue_vec3_make(0.15, 0.13, 0.14), BCUE_MATERIAL_PAINT, 0);
}

static void limb(bcue_mesh *mesh, bcue_vec3 from, bcue_vec3 to, double radius)
{
    bcue_mesh_add_cylinder(mesh, from, bcue_vec3_sub(to, from), radius, 8, BCUE_MATERIAL_CLOTHES,
                           BCUE_MATERIAL_CLOTHES, 0);
}

/* Trunk, head and arms of somebody whose hips are at `hips`; leaning forward by `lean` at the shoulders. */
static void upper_body(bcue_mesh *mesh, bcue_vec3 hips, double lean, double reach)
{
    bcue_vec3 neck = bcue_vec3_add(hips, bcue_vec3_make(lean, 0, 0.56));
    bcue_mesh_add_ellipsoid(mesh, bcue_vec3_add(hips, bcue_vec3_make(0.5 * lean, 0, 0.28)),
                            bcue_vec3_make(0.13 + 0.3 * fabs(lean), 0.20, 0.32), BCUE_MATERIAL_PAINT, 0);
    bcue_mesh_add_ellipsoid(mesh, bcue_vec3_add(neck, bcue_vec3_make(0.03, 0, 0.14)),
                            bcue_vec3_make(0.10, 0.085, 0.13), BCUE_MATERIAL_SKIN, 0);
    for (int side = -1; side <= 1; side += 2) {
        bcue_vec3 shoulder = bcue_vec3_add(neck, bcue_vec3_make(-0.01, 0.21 * side, -0.08));
        limb(mesh, shoulder, bcue_vec3_add(shoulder, bcue_vec3_make(reach, 0.03 * side, -0.5 + 0.5 * reach)),
             0.05);
    }
}

static void pedestrian(bcue_mesh *mesh, const bcue_class_size *size)
{
    double hips = size->height - 0.83;
    upper_body(mesh, bcue_vec3_make(0, 0, hips), 0.02, 0.08);
    for (int side = -1; side <= 1; side += 2)
        limb(mesh, bcue_vec3_make(0.14 * side, 0.09 * side, 0.03),
             bcue_vec3_make(0, 0.09 * side, hips + 0.05), 0.08);
}

static void bicycle(bcue_mesh *mesh, const bcue_class_size *size)
{
    double axle = 0.5 * size->length - 0.34, hips = size->height - 0.83;
    for (int end = -1; end <= 1; end += 2) {
        bcue_mesh_add_cylinder(mesh, bcue_vec3_make(end * axle, -0.02, 0.34), bcue_vec3_make(0, 0.04, 0),
                               0.34, 18, BCUE_MATERIAL_RUBBER, BCUE_MATERIAL_RIM, 0);
    }
    box(mesh, -0.30, 0.38, -0.025, 0.025, 0.50, 0.56, BCUE_MATERIAL_PAINT);
    tapered(mesh, 0.44, 0.50, 0.02, 0.34, 0.34, 0.40, 0.02, 1.0, BCUE_MATERIAL_PAINT, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT);
    tapered(mesh, -0.32, -0.26, 0.02, 0.34, -0.24, -0.18, 0.02, 0.92, BCUE_MATERIAL_PAINT,
            BCUE_MATERIAL_PAINT, BCUE_MATERIAL_TRIM);
    box(mesh, 0.34, 0.40, -0.30, 0.30, 0.98, 1.03, BCUE_MATERIAL_TRIM);
    upper_body(mesh, bcue_vec3_make(-0.2, 0, hips), 0.25, 0.38);
    for (int side = -1; side <= 1; side += 2)
        limb(mesh, bcue_vec3_make(0.02, 0.10 * side, 0.28 + 0.12 * side),
             bcue_vec3_make(-0.18, 0.09 * side, hips + 0.03), 0.07);
}

bcue_status bcue_vehicle_model_make(bcue_vehicle_class vehicle_class, bcue_vehicle_model *model,
                                    bcue_error *error)
{
    if ((int)vehicle_class < 0 || vehicle_class >= BCUE_VEHICLE_CLASS_COUNT)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no vehicle class %d", (int)vehicle_class);
    const bcue_class_size *size = &sizes[vehicle_class];
    bcue_vehicle_model made = {.vehicle_class = vehicle_class,
                               .length_m = size->length,
                               .width_m = size->width,
                               .height_m = size->height};
    memcpy(made.name, size->name, strlen(size->name) + 1);
    bcue_vehicle_radio_mesh(vehicle_class, size->length, size->width, size->height, &made.radio_mesh);
    made.antenna = bcue_vec3_make(0.0, 0.0, size->height + ANTENNA_ABOVE_ROOF_M);
    switch (vehicle_class) {
    case BCUE_VEHICLE_HATCHBACK:
        passenger_car(&made.mesh, size, 0.22, 0.03, 0.92, 0.31);
        break;
    case BCUE_VEHICLE_SEDAN:
        passenger_car(&made.mesh, size, 0.27, 0.17, 0.90, 0.32);
        break;
    case BCUE_VEHICLE_SUV:
        passenger_car(&made.mesh, size, 0.24, 0.03, 1.08, 0.38);
        break;
    case BCUE_VEHICLE_VAN:
        van(&made.mesh, size);
        break;
    case BCUE_VEHICLE_TRUCK:
        truck(&made.mesh, size);
        break;
    case BCUE_VEHICLE_BUS:
        bus(&made.mesh, size);
        break;
    case BCUE_VEHICLE_BICYCLE:
        bicycle(&made.mesh, size);
        made.antenna = bcue_vec3_make(-0.45, 0.0, 1.0); /* on the rack */
        break;
    case BCUE_VEHICLE_PEDESTRIAN:
        pedestrian(&made.mesh, size);
        made.antenna = bcue_vec3_make(0.32, 0.0, 1.2); /* held in front */
        break;
    default:
        motorcycle(&made.mesh, size);
        made.antenna = bcue_vec3_make(-0.88, 0.0, 1.25); /* on a short mast behind the rider */
        break;
    }
    if (made.mesh.failed || made.radio_mesh.failed) {
        bcue_vehicle_model_free(&made);
        return bcue_fail_memory(error, "a vehicle's shape");
    }
    *model = made;
    return BCUE_OK;
}

void bcue_vehicle_model_free(bcue_vehicle_model *model)
{
    bcue_mesh_free(&model->mesh);
    bcue_mesh_free(&model->radio_mesh);
    bcue_radio_shape_free(&model->radio);
    *model = (bcue_vehicle_model){0};
}
