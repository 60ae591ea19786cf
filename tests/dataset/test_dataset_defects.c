/* Every known defect of the recordings, on fabricated trees of a few rows and eight beams. */
#include "check.h"
#include "open_text.h"

#include "fabricate.h"
#include "features/geodesy.h"

static char yaml[2048];

/* "data: {beams: 8, sources: [{name: s, root: ..., EXTRA_SOURCE}]EXTRA_DATA}" and more. */
static const char *configure(const char *source, const char *data)
{
    snprintf(yaml, sizeof yaml, "data: {beams: 8, sources: [{name: s, root: \"%s\"%s}]%s}\n", fabricate_root,
             source, data);
    return yaml;
}

static void warned(void *cookie, bcue_log_level level, const char *text)
{
    if (level == BCUE_LOG_WARNING)
        snprintf(cookie, 512, "%s", text);
}

static void make_row_files(int number, int best)
{
    char name[64];
    snprintf(name, sizeof name, "unit1/mmWave_data/mmWave_power_%d.txt", number);
    fabricate_power(name, 8, best);
    snprintf(name, sizeof name, "unit2/GPS_data/gps_location_%d.txt", number);
    fabricate_fix(name, 33.42 + 1e-5 * number, -111.93);
}

static void test_power_and_labels(void)
{
    fabricate_begin("power");
    fabricate_text("unit1/GPS_data/gps_location.txt", "33.42\r\n-111.93\r\n\r\n");
    for (int i = 0; i < 8; i++)
        make_row_files(i, i);
    fabricate_text("unit1/mmWave_data/mmWave_power_1.txt",
                   "0.1\n0.2\nnan\n0.4\nnan\n0.5\n0.6\n0.7\n"); /* first NaN: beam 3, 1-based */
    fabricate_text("unit1/mmWave_data/mmWave_power_2.txt", "0 0 0 0 0 0 0 0\n");
    fabricate_text("unit1/mmWave_data/mmWave_power_3.txt", "0.1\n0.2\n0.3\n"); /* cut off */
    fabricate_text("unit1/mmWave_data/mmWave_power_4.txt", "0.1\n0.2\ninf\n0.4\n0.5\n0.6\n0.7\n0.8\n");
    fabricate_text("unit2/GPS_data/gps_location_6.txt", "nan\nnan\n");
    fabricate_text(
        "table.csv",
        "index,unit1_pwr_60ghz,unit1_loc,unit2_loc,unit1_beam,seq_index,unit2_spd_over_grnd_kmph,altitude\n"
        "1,./unit1/mmWave_data/mmWave_power_0.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_0.txt,1,1,3.5,340\n"
        "2,./unit1/mmWave_data/mmWave_power_1.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_1.txt,3,1,nan,nan\n"
        "4,./unit1/mmWave_data/mmWave_power_2.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_2.txt,1,1,3.5,\n"
        "5,./unit1/mmWave_data/mmWave_power_3.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_3.txt,4,1,3.5,340\n"
        "index,unit1_pwr_60ghz,unit1_loc,unit2_loc,unit1_beam,seq_index,unit2_spd_over_grnd_kmph,altitude\n"
        "6,./unit1/mmWave_data/mmWave_power_4.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_4.txt,5,1,3.5,340\n"
        "7,./unit1/mmWave_data/mmWave_power_5.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_5.txt,2,2,3.5,340\n"
        "8,./unit1/mmWave_data/mmWave_power_6.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gps_location_6.txt,6,2,3.5,340\n"
        "9,./unit1/mmWave_data/mmWave_power_7.txt,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/"
        "gone.txt,0,2,3.5,340\n"
        "10,,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/gps_location_7.txt,5.0,2,3.5,340\n"
        "11,,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/gps_location_7.txt,0,2,3.5,340\n"
        "12,,./unit1/GPS_data/gps_location.txt,./unit2/GPS_data/gps_location_7.txt,nan,2,3.5,340\n");
    test_opened t;
    CHECK_OK(test_open(configure("", ""), NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    const bcue_defects *d = bcue_dataset_defects(t.dataset);
    CHECK_INT(d->rows, 11);
    CHECK_INT(d->samples, 11);
    CHECK_INT(d->repeated_headers, 1);
    CHECK_INT(d->nan_power, 2);          /* rows 2 and 6 */
    CHECK_INT(d->nan_label_repaired, 1); /* row 2; row 6 says 5, but the first infinity is at 3 */
    CHECK_INT(d->zero_power, 1);
    CHECK_INT(d->no_power, 4);           /* row 5 is cut off; 10, 11, 12 name none */
    CHECK_INT(d->label_mismatch, 1);     /* row 7 says 2, the best is 6 */
    CHECK_INT(d->index_base_mixed, 2);   /* row 8 is right only when counted from 0; row 11 says 0 */
    CHECK_INT(d->label_out_of_range, 2); /* rows 9 and 11 */
    CHECK_INT(d->no_label, 6);           /* rows 2, 4, 5, 6, 11, 12 */
    CHECK_INT(d->nan_telemetry, 2);
    CHECK_INT(d->nan_fix, 1);
    CHECK_INT(d->missing_file[BCUE_GPS], 1);
    static const int expected[] = {0, -1, -1, -1, -1, 5, 6, 7, 4, -1, -1};
    for (size_t i = 0; i < 11; i++)
        CHECK_INT(bcue_dataset_sample(t.dataset, i)->label, expected[i]);
    CHECK(bcue_dataset_sample(t.dataset, 1)->power == NULL);
    CHECK(isnan(bcue_dataset_sample(t.dataset, 6)->fix[0]));
    CHECK_STR(bcue_dataset_sample(t.dataset, 2)->id, "s/4");
    CHECK_INT(bcue_dataset_episodes(t.dataset), 2);
    test_close(&t);

    CHECK_STATUS(test_open(configure("", ", require: [camera]"), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "camera is required");
    test_close(&t);
    CHECK_OK(test_open(configure("", ", require: [gps]"), NULL, &t), t.error);
    CHECK_INT(bcue_dataset_defects(t.dataset)->required_missing_dropped, 2);
    CHECK_INT(bcue_dataset_count(t.dataset), 9);
    test_close(&t);
    CHECK_STATUS(test_open(configure("", ", require: [lidr]"), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "lidr");
    test_close(&t);
}

/* Wrong settings are told from defects: they hit most rows. */
static void test_wrong_settings(void)
{
    fabricate_begin("settings");
    bcue_text table = {0};
    bcue_text_puts(&table, "index,unit1_pwr_60ghz,unit2_loc,unit1_beam,seq_index\n");
    for (int i = 0; i < 8; i++) {
        make_row_files(i, i);
        bcue_text_printf(
            &table, "%d,./unit1/mmWave_data/mmWave_power_%d.txt,./unit2/GPS_data/gps_location_%d.txt,%d,1\n",
            i + 1, i, i, i);
    }
    fabricate_bytes("settings.csv", table.data, table.size);
    bcue_text_free(&table);
    test_opened t;
    CHECK_STATUS(test_open(configure("", ""), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "beams_one_based: false");
    test_close(&t);
    CHECK_OK(test_open(configure(", beams_one_based: false", ""), NULL, &t), t.error);
    CHECK_INT(bcue_dataset_defects(t.dataset)->index_base_mixed +
                  bcue_dataset_defects(t.dataset)->label_mismatch,
              0);
    test_close(&t);
    snprintf(yaml, sizeof yaml, "data: {beams: 64, sources: [{root: \"%s\", beams_one_based: false}]}\n",
             fabricate_root);
    CHECK_STATUS(test_open(yaml, NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "has 8 numbers");
    CHECK_CONTAINS(t.error.text, "data.beams");
    test_close(&t);
    char warning[512] = "";
    bcue_hooks hooks = {.cookie = warning, .log = warned};
    CHECK_OK(test_open(configure(", beams_one_based: false, reverse_beams: true", ""), &hooks, &t), t.error);
    CHECK_CONTAINS(warning, "reverse");
    test_close(&t);
    CHECK_STATUS(test_open(configure(", columns: {unit1_rgb: picture}", ""), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "no column picture");
    test_close(&t);
    CHECK_STATUS(test_open(configure(", columns: {unit1_rbg: unit1_beam}", ""), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "did you mean unit1_rgb");
    test_close(&t);
    snprintf(yaml, sizeof yaml, "data: {sources: [{root: /nowhere/at/all}]}\n");
    CHECK_STATUS(test_open(yaml, NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "/nowhere/at/all");
    test_close(&t);
    fabricate_text("settings.csv", "index,name,colour\n1,a,red\n");
    CHECK_STATUS(test_open(configure("", ""), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "unit1_rgb");
    test_close(&t);
    fabricate_text("other.csv", "x\n1\n");
    fabricate_text("more.csv", "x\n1\n");
    remove("settings.csv");
    CHECK_STATUS(test_open(configure(", csv: none.csv", ""), NULL, &t), BCUE_ERROR_IO);
    CHECK_CONTAINS(t.error.text, "none.csv");
    test_close(&t);
}

static const char npy_header[] =
    "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,3), }";

/* Cut-off clouds and radar cubes, foreign column names, empty cells, an array label beside them. */
static void test_damaged_frames(void)
{
    static const char cloud[] =
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty double x\nproperty double y\nproperty double "
        "z\nproperty ushort "
        "intensity\nend_header\n1.5000 2.5000 3.5000 4\n1.5000 2.5000 3.5000 4\n1.5000 2.5000 3.5000 4\n";
    fabricate_begin("damaged");
    unsigned char cube[128 + 24] = {0};
    memcpy(cube, npy_header, sizeof npy_header - 1);
    memset(cube + sizeof npy_header - 1, ' ', 128 - (sizeof npy_header - 1));
    fabricate_bytes("radar/0.npy", cube, 152);
    fabricate_bytes("radar/1.npy", cube, 144);
    fabricate_bytes("radar/2.npy", cube, 20);
    fabricate_text("lidar/0.ply", cloud);
    fabricate_bytes("lidar/1.ply", cloud, sizeof cloud - 1 - 59); /* two and a half points short */
    fabricate_bytes("lidar/2.ply", cloud, 40);
    fabricate_bytes("lidar/3.ply", cloud,
                    sizeof cloud - 1 - 23); /* one point short: only the thorough check counts lines */
    fabricate_text("pictures/0.jpg", "no picture");
    fabricate_text("pictures/1.jpg", "");
    fabricate_text("damaged.csv", "index,scan,cube,picture,best\n"
                                  "1,lidar/0.ply,radar/0.npy,pictures/0.jpg,1\n"
                                  "2,lidar/1.ply,radar/1.npy,pictures/1.jpg,2\n"
                                  "3,lidar/2.ply,radar/2.npy,,3\n"
                                  "4,lidar/3.ply,nan,pictures/gone.jpg,4\n");
    static const char columns[] =
        ", columns: {unit1_lidar: scan, unit1_radar: cube, unit1_rgb: picture, unit1_beam: best}";
    test_opened t;
    CHECK_OK(test_open(configure(columns, ""), NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    const bcue_defects *d = bcue_dataset_defects(t.dataset);
    CHECK_INT(d->damaged_file[BCUE_LIDAR], 2);
    CHECK_INT(d->damaged_file[BCUE_RADAR], 2);
    CHECK_INT(d->missing_file[BCUE_RADAR], 1);
    CHECK_INT(d->damaged_file[BCUE_CAMERA], 1);
    CHECK_INT(d->missing_file[BCUE_CAMERA], 2);
    CHECK_STR(bcue_dataset_sample(t.dataset, 0)->file[BCUE_RADAR][0], "radar/0.npy");
    CHECK(bcue_dataset_sample(t.dataset, 1)->file[BCUE_RADAR][0] == NULL);
    CHECK(bcue_dataset_sample(t.dataset, 1)->file[BCUE_LIDAR][0] == NULL);
    CHECK_INT(bcue_dataset_sample(t.dataset, 3)->label, 3);
    test_close(&t);
    CHECK_OK(test_open(configure(columns, ", verify: true"), NULL, &t), t.error);
    CHECK_INT(bcue_dataset_defects(t.dataset)->damaged_file[BCUE_LIDAR], 3);
    CHECK_INT(bcue_dataset_defects(t.dataset)->damaged_file[BCUE_RADAR], 2);
    CHECK_INT(bcue_dataset_defects(t.dataset)->damaged_file[BCUE_CAMERA], 2);
    test_close(&t);
}

/* A table of a challenge package with frames F, F+stride, ...; returns its text (caller frees). */
static bcue_text challenge_rows(int rows, int stride, bool labelled)
{
    bcue_text table = {0};
    bcue_text_puts(&table, "index,unit1_rgb_1,unit1_rgb_2,unit1_rgb_3,unit1_rgb_4,unit1_rgb_5,unit1_loc,"
                           "unit2_loc_1,unit2_loc_2");
    bcue_text_puts(&table, labelled ? ",unit1_pwr_60ghz,unit1_beam\n" : "\n");
    for (int r = 0; r < rows; r++) {
        bcue_text_printf(&table, "%d", r + 1);
        for (int f = 0; f < 5; f++)
            bcue_text_printf(&table, ",./scenario31/unit1/camera_data/image_%d.jpg", 10 + r + f * stride);
        bcue_text_printf(&table,
                         ",./scenario31/unit1/GPS_data/gps_location.txt,./scenario31/unit2/GPS_data/"
                         "GPS_location_%d.txt,./scenario31/unit2/"
                         "GPS_data/GPS_location_%d.txt",
                         10 + r, 10 + r + stride);
        if (labelled)
            bcue_text_printf(&table, ",./scenario31/unit1/mmWave_data/mmWave_power_%d.txt,%d\n",
                             10 + r + 4 * stride, r % 8 + 1);
        else
            bcue_text_puts(&table, "\n");
    }
    return table;
}

/* The vehicle drives north-east at 1.0 and 0.5 m per frame from 20 m south of the RSU. */
static void make_challenge(int rows, int stride, bool labelled)
{
    char name[96];
    bcue_text table = challenge_rows(rows, stride, labelled);
    fabricate_bytes("challenge.csv", table.data, table.size);
    bcue_text_free(&table);
    fabricate_fix("scenario31/unit1/GPS_data/gps_location.txt", 33.42, -111.93);
    for (int f = 10; f < 10 + rows + 4 * stride; f++) {
        const double place_m[3] = {1.0 * (f - 10), 0.5 * (f - 10) - 20, 0};
        double latitude, longitude, altitude_m;
        bcue_enu_to_geodetic(place_m, 33.42, -111.93, 0, &latitude, &longitude, &altitude_m);
        snprintf(name, sizeof name, "scenario31/unit2/GPS_data/GPS_location_%d.txt", f);
        fabricate_fix(name, latitude, longitude);
        snprintf(name, sizeof name, "scenario31/unit1/camera_data/image_%d.jpg", f);
        fabricate_text(name, "stands for a picture");
        snprintf(name, sizeof name, "scenario31/unit1/mmWave_data/mmWave_power_%d.txt", f);
        fabricate_power(name, 8, (f - 10 - 4 * stride + 8) % 8);
    }
}

static void check_extrapolation(int stride)
{
    test_opened t;
    make_challenge(6, stride, true);
    CHECK_OK(test_open(configure("", ", window: {frames: 5}, gps_frames: 5"), NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    CHECK_INT(bcue_dataset_count(t.dataset), 6);
    CHECK_INT(bcue_dataset_defects(t.dataset)->label_mismatch, 0);
    CHECK_INT(bcue_dataset_episodes(t.dataset), 1);
    const bcue_sample *sample = bcue_dataset_sample(t.dataset, 2);
    CHECK_INT(sample->label, 2);
    for (int f = 0; f < 5; f++) {
        double enu_m[3];
        bcue_geodetic_to_enu(sample->fix[2 * f], sample->fix[2 * f + 1], 0, 33.42, -111.93, 0, enu_m);
        CHECK_NEAR(enu_m[0], 2 + f * stride, 2e-4);
        CHECK_NEAR(enu_m[1], 0.5 * (2 + f * stride) - 20, 2e-4);
    }
    char file[64];
    snprintf(file, sizeof file, "scenario31/unit1/camera_data/image_%d.jpg", 12 + 4 * stride);
    CHECK_STR(sample->file[BCUE_CAMERA][4], file);
    CHECK_NEAR(sample->time_s, 0.1 * (12 + 4 * stride), 1e-9);
    /* Windows of neighbouring rows share frames, and the keys say so. */
    CHECK(bcue_dataset_sample(t.dataset, (size_t)(2 + stride))->frame_key[0] == sample->frame_key[1]);
    CHECK(bcue_dataset_sample(t.dataset, 3)->frame_key[4] != sample->frame_key[4]);
    test_close(&t);
}

static void test_challenge_package(void)
{
    fabricate_begin("challenge");
    check_extrapolation(2); /* as in the development set */
    fabricate_begin("challenge");
    check_extrapolation(1); /* as in the adaptation set */
    test_opened t;
    CHECK_OK(test_open(configure("", ", gps_frames: 2, gps_extrapolate: false"), NULL, &t), t.error);
    double enu_m[3];
    const bcue_sample *sample = bcue_dataset_sample(t.dataset, 0);
    bcue_geodetic_to_enu(sample->fix[2], sample->fix[3], 0, 33.42, -111.93, 0, enu_m);
    CHECK_NEAR(enu_m[0], 1, 1e-4); /* the second fix, as it was measured */
    bcue_split split;
    t.config.split = (bcue_split_config){.kind = BCUE_SPLIT_PAPER_RANDOM, .train = 0.5, .test = 0.5};
    CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), BCUE_ERROR_CONFIG);
    test_close(&t);
    CHECK_OK(test_open(configure("", ", window: {frames: 5}"), NULL, &t), t.error);
    t.config.split =
        (bcue_split_config){.kind = BCUE_SPLIT_PAPER_RANDOM, .train = 0.5, .test = 0.5, .allow_leak = true};
    CHECK_OK(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), t.error);
    CHECK_INT(split.leak.shared_frames, 3); /* all of them: six windows of five frames, one frame apart */
    bcue_split_free(&split);
    test_close(&t);
    CHECK_STATUS(test_open(configure("", ", window: {frames: 6}"), NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "at most 5");
    test_close(&t);
    CHECK_STATUS(test_open(configure("", ", window: {frames: 2, horizon: 1}"), NULL, &t), BCUE_ERROR_CONFIG);
    test_close(&t);

    char warning[512] = "";
    bcue_hooks hooks = {.cookie = warning, .log = warned};
    fabricate_begin("challenge_test");
    make_challenge(4, 2, false);
    CHECK_OK(test_open(configure("", ", window: {frames: 5}"), &hooks, &t), t.error);
    CHECK_CONTAINS(warning, "unlabelled");
    CHECK_INT(bcue_dataset_sample(t.dataset, 0)->label, -1);
    CHECK_STATUS(bcue_split_make(t.dataset, &t.config.split, t.origin, &split, &t.error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(t.error.text, "no sample has a label");
    test_close(&t);
}

/* Windows stay inside an episode and do not cross gaps in the time stamps; the horizon looks ahead. */
static void test_windows(void)
{
    fabricate_begin("windows");
    bcue_text table = {0};
    bcue_text_puts(&table, "index,unit1_pwr_60ghz,unit2_loc,seq_index,time_stamp\n");
    for (int i = 0; i < 20; i++) {
        make_row_files(i, i % 8);
        int tenths =
            i < 10 ? i
                   : i + 30; /* three seconds are missing in the middle of the second sequence's rows 8..19 */
        bcue_text_printf(&table,
                         "%d,./unit1/mmWave_data/mmWave_power_%d.txt,./unit2/GPS_data/"
                         "gps_location_%d.txt,%d,23:59:%02d-%d00000\n",
                         i + 1, i, i, i < 8 ? 5 : 7, 50 + tenths / 10, tenths % 10);
    }
    fabricate_bytes("windows.csv", table.data, table.size);
    bcue_text_free(&table);
    test_opened t;
    CHECK_OK(test_open(configure("", ", window: {frames: 3, stride: 2, horizon: 1}"), NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    /* Runs of 8, 2 and 10 rows; a window takes 4 rows before and 1 after: 3 + 0 + 5. */
    CHECK_INT(bcue_dataset_count(t.dataset), 8);
    CHECK_INT(bcue_dataset_defects(t.dataset)->window_crossing_dropped, 12);
    CHECK_INT(bcue_dataset_episodes(t.dataset), 2);
    const bcue_sample *sample = bcue_dataset_sample(t.dataset, 0);
    CHECK_INT(sample->row, 4);
    CHECK_INT(sample->label, 5);
    CHECK_INT(sample->sequence, 5);
    CHECK_NEAR(bcue_dataset_sample(t.dataset, 3)->time_s, 86400 - 10 + 4.4, 1e-6);
    test_close(&t);
    CHECK_OK(test_open(configure("", ", window: {frames: 3, stride: 2, horizon: 1, max_gap_s: 0}"), NULL, &t),
             t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), 3 + 7);
    test_close(&t);
    /* Shorter windows, the same samples. */
    CHECK_OK(test_open(configure("", ", window: {frames: 1, horizon: 1, behind: 4}"), NULL, &t), t.error);
    CHECK_INT(bcue_dataset_count(t.dataset), 8);
    CHECK_INT(bcue_dataset_sample(t.dataset, 0)->row, 4);
    test_close(&t);
    CHECK_STATUS(test_open(configure("", ", window: {frames: 30}"), NULL, &t), BCUE_ERROR_DATA);
    CHECK_CONTAINS(t.error.text, "no sample is left");
    test_close(&t);
}

static void test_paper_b(void)
{
    char name[96];
    fabricate_begin("paper_b");
    for (int episode = 0; episode < 2; episode++)
        for (int f = 100; f < 108; f += 2) {
            snprintf(name, sizeof name, "_out_rgb/epi_%d/%06d.png", episode, f);
            if (f != 104)
                fabricate_text(name, "stands for a picture");
            snprintf(name, sizeof name, "_out_gps/epi_%d/%06d.csv", episode, f);
            fabricate_text(
                name, "Timestamp,Vehicle_ID,X,Y,Z\n1,a,10,20,0\nTimestamp,Vehicle_ID,X,Y,Z\n1,b,30,40,0\n");
            /* Two vehicles and their mean; beam 3 is best on the mean in the first episode, nothing arrives
             * in the second. */
            double rss_db[3 * 8];
            for (int b = 0; b < 8; b++) {
                rss_db[3 * b] = b == 1 ? -40 : -90;
                rss_db[3 * b + 1] = -80;
                rss_db[3 * b + 2] = episode == 1 ? -200 : b == 3 ? -60 : -85;
            }
            snprintf(name, sizeof name, "_out_net/epi_%d/%06d.csv.mat", episode, f);
            if (f != 106)
                fabricate_mat(name, "list_RSS", 3, 8, rss_db);
        }
    fabricate_text("_out_lidar/epi_0/000100.ply", "cut off");
    test_opened t;
    CHECK_OK(test_open(configure(", format: paper-b, rsu_m: [26.25, 86.33]", ""), NULL, &t), t.error);
    if (t.dataset == NULL)
        return;
    const bcue_defects *d = bcue_dataset_defects(t.dataset);
    CHECK_INT(bcue_dataset_count(t.dataset), 8);
    CHECK_INT(bcue_dataset_episodes(t.dataset), 2);
    CHECK_INT(d->missing_file[BCUE_CAMERA], 2);
    CHECK_INT(d->missing_file[BCUE_LIDAR], 7);
    CHECK_INT(d->damaged_file[BCUE_LIDAR], 1);
    CHECK_INT(d->no_power, 2);
    CHECK_INT(d->zero_power, 3);
    CHECK_INT(d->repeated_headers, 8);
    const bcue_sample *sample = bcue_dataset_sample(t.dataset, 0);
    CHECK_STR(sample->id, "s/epi_0/000100");
    CHECK_INT(sample->label, 3);
    CHECK_NEAR(10 * log10(sample->power[3]), -60, 1e-9);
    double enu_m[3];
    bcue_geodetic_to_enu(sample->fix[0], sample->fix[1], 0, sample->rsu_fix[0], sample->rsu_fix[1], 0, enu_m);
    CHECK_NEAR(enu_m[0], 20 - 26.25, 1e-3);
    CHECK_NEAR(enu_m[1], 30 - 86.33, 1e-3);
    test_close(&t);
    snprintf(yaml, sizeof yaml, "data: {beams: 152, sources: [{format: paper-b, root: \"%s\"}]}\n",
             fabricate_root);
    CHECK_STATUS(test_open(yaml, NULL, &t), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(t.error.text, "8 columns");
    test_close(&t);
}

int main(void)
{
    RUN(test_power_and_labels);
    RUN(test_wrong_settings);
    RUN(test_damaged_frames);
    RUN(test_challenge_package);
    RUN(test_windows);
    RUN(test_paper_b);
    return check_summary();
}
