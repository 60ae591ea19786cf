#include "api/replay_faults.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "formats/image.h"

/* Which sensors a kind is for: bits. */
static const struct {
    const char *name;
    unsigned sensors;
} kinds[BCUE_FAULT_KIND_COUNT] = {
    [BCUE_FAULT_DROP] = {"drop", 15},        [BCUE_FAULT_FREEZE] = {"freeze", 7},
    [BCUE_FAULT_GARBAGE] = {"garbage", 7},   [BCUE_FAULT_CUT] = {"cut", 7},
    [BCUE_FAULT_LATE] = {"late", 15},        [BCUE_FAULT_BLACK] = {"black", 1},
    [BCUE_FAULT_SATURATE] = {"saturate", 1}, [BCUE_FAULT_EMPTY] = {"empty", 6},
    [BCUE_FAULT_JUMP] = {"jump", 8},         [BCUE_FAULT_NOFIX] = {"nofix", 8},
};

static bcue_status refuse(const char *text, bcue_error *error)
{
    return bcue_fail(
        error, BCUE_ERROR_ARGUMENT,
        "'%s' is no fault: expected SENSOR:KIND[:AMOUNT] with camera, lidar, radar, gps; drop, late "
        "(all), freeze, garbage, cut (all but gps), black, saturate (camera), empty (lidar, radar), "
        "jump, nofix (gps); and a share such as 0.2 or a time such as 5s or 300ms",
        text);
}

static bool parse_amount(const char *text, bcue_fault *fault)
{
    char number[32];
    const size_t size = strlen(text);
    const bool milliseconds = bcue_ends_with(text, "ms"),
               seconds = !milliseconds && bcue_ends_with(text, "s");
    const size_t unit = milliseconds ? 2 : seconds ? 1 : 0;
    double value;
    if (size <= unit || size - unit >= sizeof number)
        return false;
    memcpy(number, text, size - unit);
    number[size - unit] = '\0';
    if (!bcue_parse_double(number, &value) || !(value > 0 && value <= 1e6))
        return false;
    if (unit == 0)
        fault->share = value;
    else
        fault->duration_s = milliseconds ? 1e-3 * value : value;
    return fault->share <= 1;
}

bcue_status bcue_fault_parse(const char *text, bcue_fault *fault, bcue_error *error)
{
    char copy[96];
    *fault = (bcue_fault){.text = text};
    if (strlen(text) >= sizeof copy)
        return refuse(text, error);
    memcpy(copy, text, strlen(text) + 1);
    char *kind = strchr(copy, ':');
    if (kind == NULL)
        return refuse(text, error);
    *kind++ = '\0';
    char *amount = strchr(kind, ':');
    if (amount != NULL)
        *amount++ = '\0';
    int sensor = 0, which = 0;
    while (sensor < BCUE_SENSOR_COUNT && strcmp(copy, bcue_sensor_name((bcue_sensor)sensor)) != 0)
        sensor++;
    while (which < BCUE_FAULT_KIND_COUNT && strcmp(kind, kinds[which].name) != 0)
        which++;
    if (sensor == BCUE_SENSOR_COUNT || which == BCUE_FAULT_KIND_COUNT ||
        (kinds[which].sensors >> sensor & 1) == 0 || (amount != NULL && !parse_amount(amount, fault)))
        return refuse(text, error);
    fault->sensor = (bcue_sensor)sensor;
    fault->kind = (bcue_fault_kind)which;
    if (which == BCUE_FAULT_LATE && !(fault->duration_s > 0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "'%s': how late? For example %s:late:300ms", text, copy);
    return BCUE_OK;
}

void bcue_fault_begin_episode(bcue_fault *fault, size_t number, uint64_t seed, size_t episode,
                              double length_s)
{
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_REPLAY, (uint32_t)episode, UINT32_MAX, (uint32_t)number);
    const double left_s = length_s - fault->duration_s;
    fault->begin_s = left_s > 0 ? bcue_rng_range(&rng, 0, left_s) : 0;
}

bool bcue_fault_falls(const bcue_fault *fault, size_t number, uint64_t seed, size_t episode, size_t frame,
                      double at_s)
{
    if (fault->share > 0) {
        bcue_rng rng =
            bcue_rng_make(seed, BCUE_RNG_REPLAY, (uint32_t)episode, (uint32_t)frame, (uint32_t)number);
        return bcue_rng_uniform(&rng) < fault->share;
    }
    return fault->duration_s == 0 || fault->kind == BCUE_FAULT_LATE ||
           (at_s >= fault->begin_s && at_s < fault->begin_s + fault->duration_s);
}

static bcue_status copy_bytes(const void *data, size_t size, bcue_bytes *bytes, bcue_error *error)
{
    uint8_t *copy = bcue_calloc(size + 1, 1);
    if (copy == NULL)
        return bcue_fail_memory(error, "a frame");
    memcpy(copy, data, size);
    bcue_bytes_free(bytes);
    *bytes = (bcue_bytes){copy, size};
    return BCUE_OK;
}

static bcue_status even_picture(int value, bcue_bytes *bytes, bcue_error *error)
{
    bcue_image image;
    bcue_bytes encoded;
    BCUE_TRY(bcue_image_create(64, 36, 3, &image, error));
    memset(image.pixels, value, (size_t)image.width * (size_t)image.height * 3);
    bcue_status status = bcue_png_encode(&image, &encoded, error);
    bcue_image_free(&image);
    BCUE_TRY(status);
    bcue_bytes_free(bytes);
    *bytes = encoded;
    return BCUE_OK;
}

/* Zeros for numbers, behind the header; no points for a cloud. */
static bcue_status empty_frame(bcue_sensor sensor, bcue_bytes *bytes, bcue_error *error)
{
    static const char cloud[] = "ply\nformat ascii 1.0\nelement vertex 0\nproperty double x\nproperty double "
                                "y\nproperty double z\nend_header\n";
    if (sensor == BCUE_SENSOR_LIDAR)
        return copy_bytes(cloud, sizeof cloud - 1, bytes, error);
    const size_t header = bytes->size > 10 ? 10 + ((size_t)bytes->data[8] | (size_t)bytes->data[9] << 8) : 0;
    for (size_t i = header; i < bytes->size; i++)
        bytes->data[i] = 0;
    return BCUE_OK;
}

bcue_status bcue_fault_apply(const bcue_fault *fault, uint64_t seed, size_t frame, const bcue_bytes *before,
                             bcue_bytes *bytes, bcue_error *error)
{
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_REPLAY, UINT32_MAX, (uint32_t)frame, (uint32_t)fault->sensor);
    switch (fault->kind) {
    case BCUE_FAULT_FREEZE:
        return before->data != NULL ? copy_bytes(before->data, before->size, bytes, error) : BCUE_OK;
    case BCUE_FAULT_GARBAGE:
        for (size_t i = 0; i < bytes->size; i++)
            bytes->data[i] = (uint8_t)bcue_rng_u32(&rng);
        return BCUE_OK;
    case BCUE_FAULT_CUT:
        bytes->size /= 2;
        return BCUE_OK;
    case BCUE_FAULT_BLACK:
        return even_picture(0, bytes, error);
    case BCUE_FAULT_SATURATE:
        return even_picture(255, bytes, error);
    case BCUE_FAULT_EMPTY:
        return empty_frame(fault->sensor, bytes, error);
    default:
        return BCUE_OK;
    }
}
