/* Features against numpy fixtures (tools/fixtures/make_features.py), published values and first principles.
 */
#include "check.h"

#include <stdlib.h>

#include "features/geodesy.h"
#include "features/recipes.h"
#include "formats/npy.h"

static bcue_npy fixture(const char *name)
{
    char path[1024];
    bcue_npy array = {0};
    bcue_error error = {{0}};
    snprintf(path, sizeof path, "%s/tests/features/data/%s.npy", BCUE_SOURCE_DIR, name);
    CHECK_OK(bcue_npy_read(path, &array, &error), error);
    return array;
}

static void check_resize(const char *name, int width, int height)
{
    static const float mean[3] = {0.485F, 0.456F, 0.406F}, deviation[3] = {0.229F, 0.224F, 0.225F};
    char pillow_name[64];
    snprintf(pillow_name, sizeof pillow_name, "%s_pillow", name);
    bcue_npy picture = fixture("picture"), expected = fixture(name), pillow = fixture(pillow_name);
    bcue_image image = {.width = 53, .height = 37, .channels = 3, .pixels = picture.data};
    const bcue_camera_recipe recipe = {.enabled = true, .width = width, .height = height, .channels = 3};
    size_t plane = (size_t)(width * height);
    float *out = calloc(3 * plane, sizeof *out);
    bcue_error error;
    CHECK_OK(bcue_camera_features(&image, &recipe, out, &error), error);
    double worst = 0, worst_level = 0, low = 1e9, high = -1e9;
    for (size_t i = 0; i < 3 * plane; i++) {
        double wanted = bcue_npy_get(&expected, i);
        worst = fmax(worst, fabs((double)out[i] - wanted));
        low = fmin(low, wanted);
        high = fmax(high, wanted);
        double level = ((double)out[i] * (double)deviation[i / plane] + (double)mean[i / plane]) * 255;
        worst_level = fmax(worst_level, fabs(level - bcue_npy_get(&pillow, i % plane * 3 + i / plane)));
    }
    CHECK_AT(worst <= 1e-5 * (high - low), "%s: off by %g of a range of %g", name, worst, high - low);
    CHECK_AT(worst_level <= 1.0, "%s: %g levels from Pillow", name, worst_level);
    free(out);
    bcue_npy_free(&picture);
    bcue_npy_free(&expected);
    bcue_npy_free(&pillow);
}

static void test_resize(void)
{
    check_resize("picture_shrunk", 16, 12);
    check_resize("picture_enlarged", 60, 48);
    check_resize("picture_mixed", 16, 48);
}

static void test_channels_and_refusals(void)
{
    uint8_t pixels[2 * 2 * 3] = {255, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0};
    bcue_image colour = {.width = 2, .height = 2, .channels = 3, .pixels = pixels};
    bcue_camera_recipe recipe = {
        .enabled = true, .width = 2, .height = 2, .channels = 1, .normalise = BCUE_NORMALISE_UNIT};
    float out[12];
    bcue_error error;
    CHECK_OK(bcue_camera_features(&colour, &recipe, out, &error), error);
    CHECK_NEAR(out[0], 0.299, 1e-6);
    CHECK_NEAR(out[3], 0.587, 1e-6);
    uint8_t grey_pixels[4] = {0, 51, 102, 255};
    bcue_image grey = {.width = 2, .height = 2, .channels = 1, .pixels = grey_pixels};
    recipe.channels = 3;
    CHECK_OK(bcue_camera_features(&grey, &recipe, out, &error), error);
    CHECK_NEAR(out[1], 0.2, 1e-6);
    CHECK_NEAR(out[9], 0.2, 1e-6);
    CHECK_NEAR(out[11], 1.0, 1e-6);
    recipe.input_width = 960;
    CHECK_STATUS(bcue_camera_features(&grey, &recipe, out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "960");
    recipe.input_width = 0;
    grey.channels = 2;
    CHECK_STATUS(bcue_camera_features(&grey, &recipe, out, &error), BCUE_ERROR_ARGUMENT);
}

static void test_positions(void)
{
    bcue_npy rows = fixture("positions");
    bcue_error error;
    for (size_t r = 0; r < rows.shape[0]; r++) {
        double v[11];
        float out[2];
        for (size_t c = 0; c < 11; c++)
            v[c] = bcue_npy_get(&rows, r * 11 + c);
        bcue_position_recipe recipe = {.mode = BCUE_POSITION_ENU, .scale_m = 10};
        double raw[2];
        CHECK_OK(bcue_position_raw(v[0], v[1], v[2], v[3], &recipe, raw, &error), error);
        CHECK_NEAR(raw[0], v[4], 1e-6);
        CHECK_NEAR(raw[1], v[5], 1e-6);
        CHECK_OK(bcue_position_features(v[0], v[1], v[2], v[3], &recipe, true, out, &error), error);
        CHECK_NEAR(out[0], v[4] / 10, 1e-5);
        recipe = (bcue_position_recipe){.mode = BCUE_POSITION_UTM, .low = {-60, -60}, .high = {60, 60}};
        CHECK_OK(bcue_position_raw(v[0], v[1], v[2], v[3], &recipe, raw, &error), error);
        /* Redfearn's series and Krueger's part by a few hundredths of a millimetre in the difference. */
        CHECK_NEAR(raw[0], v[6], 1e-4);
        CHECK_NEAR(raw[1], v[7], 1e-4);
        CHECK_OK(bcue_position_features(v[0], v[1], v[2], v[3], &recipe, false, out, &error), error);
        CHECK_NEAR(out[0], v[8], 1e-5);
        CHECK_NEAR(out[1], v[9], 1e-5);
        recipe = (bcue_position_recipe){.mode = BCUE_POSITION_ANGLE, .angle_offset_deg = 44.8};
        CHECK_OK(bcue_position_features(v[0], v[1], v[2], v[3], &recipe, false, out, &error), error);
        CHECK_NEAR(out[0], v[10], 1e-4);
        CHECK(out[0] == out[1]);
        recipe = (bcue_position_recipe){.mode = BCUE_POSITION_MINMAX,
                                        .low = {v[0] - 1, v[1] - 3},
                                        .high = {v[0] + 1, v[1] + 1},
                                        .quantise = 200};
        CHECK_OK(bcue_position_features(v[0], v[1], NAN, NAN, &recipe, false, out, &error), error);
        CHECK_NEAR(out[0], 0.5, 1e-6);
        CHECK_NEAR(out[1], 0.75, 1e-6);
        recipe.low[0] = v[0] - 1.003;
        CHECK_OK(bcue_position_features(v[0], v[1], NAN, NAN, &recipe, true, out, &error), error);
        CHECK_NEAR(out[0], 0.5, 1e-7); /* 0.50075 rounded to 1/200 */
    }
    bcue_npy_free(&rows);
    const bcue_position_recipe recipe = {.mode = BCUE_POSITION_ENU, .scale_m = 1};
    float out[2];
    CHECK_STATUS(bcue_position_features(NAN, 1, 2, 3, &recipe, false, out, &error), BCUE_ERROR_DATA);
    CHECK_STATUS(bcue_position_features(1, 1, NAN, 3, &recipe, false, out, &error), BCUE_ERROR_DATA);
}

/* The example of the Python package utm, and zone rules. */
static void test_utm(void)
{
    double easting_m, northing_m;
    CHECK_INT(bcue_utm_zone(51.2, 7.5), 32);
    bcue_geodetic_to_utm(51.2, 7.5, 32, &easting_m, &northing_m);
    CHECK_NEAR(easting_m, 395201.3103811303, 2e-3);
    CHECK_NEAR(northing_m, 5673135.241182375, 2e-3);
    CHECK_INT(bcue_utm_zone(33.42, -111.93), 12);
    CHECK_INT(bcue_utm_zone(60, 5), 32);
    CHECK_INT(bcue_utm_zone(78, 20), 33);
    CHECK_INT(bcue_utm_zone(0, -180), 1);
    CHECK_INT(bcue_utm_zone(0, 179.99), 60);
    CHECK_INT(bcue_utm_zone(0, 180), 1);
    const double there_m[3] = {812.5, -431.25, 12.5};
    double latitude_deg, longitude_deg, altitude_m, back_m[3];
    bcue_enu_to_geodetic(there_m, 33.42, -111.93, 340, &latitude_deg, &longitude_deg, &altitude_m);
    bcue_geodetic_to_enu(latitude_deg, longitude_deg, altitude_m, 33.42, -111.93, 340, back_m);
    for (int i = 0; i < 3; i++)
        CHECK_NEAR(back_m[i], there_m[i], 1e-7);
}

static void test_augmentation(void)
{
    const bcue_camera_recipe recipe = {.enabled = true, .width = 3, .height = 2, .channels = 1};
    float planes[6] = {0.0F, 0.2F, 0.4F, 0.6F, 0.8F, 1.0F}, scratch[6];
    bcue_augment_draw draw = {.flip = true, .brightness = 1, .contrast = 1, .gamma = 1, .saturation = 1};
    bcue_augment_camera(&draw, &recipe, planes, scratch);
    CHECK_NEAR(planes[0], 0.4, 1e-7);
    CHECK_NEAR(planes[5], 0.6, 1e-7);
    draw = (bcue_augment_draw){.brightness = 1.5F, .contrast = 1, .gamma = 1, .saturation = 1};
    bcue_augment_camera(&draw, &recipe, planes, scratch);
    CHECK_NEAR(planes[0], 0.6, 1e-6);
    CHECK_NEAR(planes[3], 1.0, 1e-6); /* 1.5 clipped */
    float flat[6] = {0.1F, 0.3F, 0.1F, 0.3F, 0.1F, 0.3F};
    draw = (bcue_augment_draw){.brightness = 1, .contrast = 0.5F, .gamma = 2, .saturation = 1};
    bcue_augment_camera(&draw, &recipe, flat, scratch);
    CHECK_NEAR(flat[0], 0.15 * 0.15, 1e-6);
    CHECK_NEAR(flat[1], 0.25 * 0.25, 1e-6);
    float same[6] = {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F};
    draw = (bcue_augment_draw){.brightness = 1, .contrast = 1, .gamma = 1, .saturation = 1, .blur_px = 2};
    bcue_augment_camera(&draw, &recipe, same, scratch);
    CHECK_NEAR(same[4], 0.5, 1e-6); /* a blur keeps what is even */
    const bcue_camera_recipe wide = {.enabled = true, .width = 41, .height = 41, .channels = 1};
    static float dot[41 * 41], room[41 * 41];
    dot[20 * 41 + 20] = 1;
    bcue_augment_camera(&draw, &wide, dot, room);
    double sum = 0, spread = 0;
    for (int y = 0; y < 41; y++)
        for (int x = 0; x < 41; x++) {
            sum += (double)dot[y * 41 + x];
            spread += (double)dot[y * 41 + x] * (x - 20) * (x - 20);
        }
    CHECK_NEAR(sum, 1, 1e-5);
    CHECK_NEAR(spread, 4, 0.1); /* variance of a deviation of 2 pixels, tails cut at 3 deviations */
    const bcue_camera_recipe colour = {.enabled = true, .width = 1, .height = 1, .channels = 3};
    float pixel[3] = {1, 0, 0}, one[1];
    draw = (bcue_augment_draw){.brightness = 1, .contrast = 1, .gamma = 1, .saturation = 0};
    bcue_augment_camera(&draw, &colour, pixel, one);
    for (int c = 0; c < 3; c++)
        CHECK_NEAR(pixel[c], 0.299, 1e-6);
}

static void test_draws(void)
{
    const bcue_augment_recipe recipe = {.brightness = 0.2, .gamma = 1, .probability = 1, .flip = 0.5};
    int flips = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        bcue_rng rng = bcue_rng_make(3, BCUE_RNG_AUGMENT, 1, 0, i), again = rng;
        bcue_augment_draw draw = bcue_augment_make(&recipe, &rng),
                          second = bcue_augment_make(&recipe, &again);
        CHECK(draw.flip == second.flip && draw.brightness == second.brightness && draw.gamma == second.gamma);
        CHECK(draw.brightness >= 0.8F && draw.brightness <= 1.2F && draw.gamma >= 0.4999F &&
              draw.gamma <= 2.0001F);
        CHECK(draw.contrast == 1 && draw.saturation == 1 && draw.blur_px == 0);
        flips += draw.flip;
    }
    CHECK_AT(flips > 430 && flips < 570, "%d flips", flips);
}

static void test_mirror_fix(void)
{
    const double rsu[2] = {33.42, -111.93};
    for (int heading = 0; heading < 360; heading += 45) {
        const double left_m[3] = {-7, 20, 0};
        double fix[2], enu_m[3], altitude_m, turn = heading * 3.14159265358979323846 / 180;
        /* 20 m ahead and 7 m to the left of the boresight must come out 7 m to its right. */
        const double there_m[3] = {left_m[1] * sin(turn) + left_m[0] * cos(turn),
                                   left_m[1] * cos(turn) - left_m[0] * sin(turn), 0};
        bcue_enu_to_geodetic(there_m, rsu[0], rsu[1], 0, &fix[0], &fix[1], &altitude_m);
        bcue_augment_mirror_fix(heading, rsu, fix);
        bcue_geodetic_to_enu(fix[0], fix[1], 0, rsu[0], rsu[1], 0, enu_m);
        CHECK_NEAR(enu_m[0], 20 * sin(turn) + 7 * cos(turn), 1e-3);
        CHECK_NEAR(enu_m[1], 20 * cos(turn) - 7 * sin(turn), 1e-3);
    }
}

static void test_flip_rules(void)
{
    bcue_error error;
    bcue_feature_config config = {.augment = {.flip = 0.5, .boresight_deg = BCUE_BORESIGHT_UNKNOWN}};
    CHECK_STATUS(bcue_feature_config_check(&config, 1, NULL, "features.", &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "shared_mirror_plane");
    config.augment.shared_mirror_plane = true;
    CHECK_STATUS(bcue_feature_config_check(&config, 1, NULL, "features.", &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "mirrored_codebook");
    config.augment.mirrored_codebook = true;
    CHECK_STATUS(bcue_feature_config_check(&config, 2, NULL, "features.", &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "beam_step");
    CHECK_OK(bcue_feature_config_check(&config, 1, NULL, "features.", &error), error);
    config.position.enabled = true;
    CHECK_STATUS(bcue_feature_config_check(&config, 1, NULL, "features.", &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "boresight_deg");
    config.augment.boresight_deg = 90;
    CHECK_OK(bcue_feature_config_check(&config, 1, NULL, "features.", &error), error);
}

int main(void)
{
    RUN(test_resize);
    RUN(test_channels_and_refusals);
    RUN(test_positions);
    RUN(test_utm);
    RUN(test_augmentation);
    RUN(test_draws);
    RUN(test_mirror_fix);
    RUN(test_flip_rules);
    return check_summary();
}
