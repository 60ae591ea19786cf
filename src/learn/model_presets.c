#include "learn/model_presets.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

enum { PRESETS = 4, ANY = BCUE_INPUT_COUNT };

/* In the order of bcue_model_preset_names: full, edge, small, tiny. */
typedef struct preset_line {
    int needed; /* bcue_model_input that the line is about */
    const char *setting[PRESETS];
} preset_line;

#define ALL(text)                                                                                            \
    {                                                                                                        \
        text, text, text, text                                                                               \
    }
static const preset_line table[] = {
    {ANY, {"data.window.frames=5", "data.window.frames=1", "data.window.frames=2", "data.window.frames=1"}},
    {BCUE_INPUT_POSITION,
     {"data.gps_frames=2", "data.gps_frames=2", "data.gps_frames=2", "data.gps_frames=1"}},
    {BCUE_INPUT_POSITION,
     {"features.position.enabled=true", "features.position.enabled=true", "features.position.enabled=true",
      "features.position.enabled=true"}},
#define PICTURE(input, name)                                                                                 \
    {input,                                                                                                  \
     {"features." name ".enabled=true", "features." name ".enabled=true", "features." name ".enabled=true",  \
      "features." name ".enabled=true"}},                                                                    \
        {input,                                                                                              \
         {"features." name ".width=256", "features." name ".width=256", "features." name ".width=128",       \
          "features." name ".width=128"}},                                                                   \
    {                                                                                                        \
        input,                                                                                               \
        {                                                                                                    \
            "features." name ".height=256", "features." name ".height=256", "features." name ".height=128",  \
                "features." name ".height=128"                                                               \
        }                                                                                                    \
    }
    PICTURE(BCUE_INPUT_CAMERA, "camera"),
    PICTURE(BCUE_INPUT_LIDAR, "lidar"),
    /* A cube of DeepSense 6G has up to 256 bins: its maps are made whole, then shrunk. */
    {BCUE_INPUT_RADAR, ALL("features.radar.enabled=true")},
    {BCUE_INPUT_RADAR, ALL("features.radar.width=256")},
    {BCUE_INPUT_RADAR, ALL("features.radar.height=256")},
    {BCUE_INPUT_RADAR,
     {"features.radar.shrink=1", "features.radar.shrink=1", "features.radar.shrink=2",
      "features.radar.shrink=2"}},
    {ANY, {"model.width=64", "model.width=64", "model.width=16", "model.width=8"}},
    {ANY,
     {"model.camera_depth=34", "model.camera_depth=34", "model.camera_depth=34", "model.camera_depth=18"}},
    {ANY, {"model.blocks=8", "model.blocks=8", "model.blocks=8", "model.blocks=2"}},
    {ANY, {"model.anchors=8", "model.anchors=8", "model.anchors=4", "model.anchors=4"}},
    {ANY, {"model.head=[256, 128]", "model.head=[256, 128]", "model.head=[128, 64]", "model.head=[64]"}},
    {ANY, {"model.dropout=0.1", "model.dropout=0.1", "model.dropout=0.1", "model.dropout=0.1"}},
};

/* Lists of radar points over five frames: students. */
static const preset_line radar_table[] = {
    {ANY, ALL("data.window.frames=5")},
    {ANY, ALL("features.radar.enabled=true")},
    {ANY, ALL("features.radar.recipe=hps")},
};

/* full: the 105 million weights of the CRKD paper's teacher. small: what two cores can train. */
static const preset_line teacher_table[] = {
    {ANY, {"data.window.frames=5", "data.window.frames=1", "data.window.frames=5", "data.window.frames=2"}},
    {BCUE_INPUT_CAMERA, ALL("features.camera.enabled=true")},
    {BCUE_INPUT_CAMERA,
     {"features.camera.width=256", "features.camera.width=256", "features.camera.width=128",
      "features.camera.width=64"}},
    {BCUE_INPUT_CAMERA,
     {"features.camera.height=144", "features.camera.height=144", "features.camera.height=72",
      "features.camera.height=36"}},
    {BCUE_INPUT_LIDAR, ALL("features.lidar.enabled=true")},
    {BCUE_INPUT_LIDAR,
     {"features.lidar.width=256", "features.lidar.width=256", "features.lidar.width=128",
      "features.lidar.width=64"}},
    {BCUE_INPUT_LIDAR,
     {"features.lidar.height=256", "features.lidar.height=256", "features.lidar.height=128",
      "features.lidar.height=64"}},
    {BCUE_INPUT_RADAR, ALL("features.radar.enabled=true")},
    {BCUE_INPUT_RADAR, ALL("features.radar.recipe=hps")},
    {BCUE_INPUT_VEHICLES, ALL("features.vehicles.enabled=true")},
    {ANY, {"model.width=64", "model.width=64", "model.width=16", "model.width=8"}},
    {ANY,
     {"model.camera_depth=34", "model.camera_depth=34", "model.camera_depth=18", "model.camera_depth=18"}},
    {ANY, {"model.blocks=10", "model.blocks=10", "model.blocks=6", "model.blocks=2"}},
    {ANY, {"model.heads=12", "model.heads=12", "model.heads=4", "model.heads=4"}},
    {ANY, {"model.hidden=768", "model.hidden=768", "model.hidden=256", "model.hidden=64"}},
    {ANY, ALL("model.anchors=4")},
    {ANY, {"model.point_width=192", "model.point_width=192", "model.point_width=64", "model.point_width=32"}},
    {ANY, {"model.queries=4", "model.queries=4", "model.queries=4", "model.queries=2"}},
    {ANY, ALL("model.dropout=0.1")},
};

static const preset_line *lines_of(const bcue_model_config *model, size_t *count)
{
    switch ((bcue_model_kind)model->kind) {
    case BCUE_MODEL_BEAMTRANSFUSER:
        *count = sizeof table / sizeof *table;
        return table;
    case BCUE_MODEL_TEACHER:
        *count = sizeof teacher_table / sizeof *teacher_table;
        return teacher_table;
    case BCUE_MODEL_STUDENT:
    case BCUE_MODEL_POINT_STUDENT:
    case BCUE_MODEL_RADAR_RULE:
        *count = sizeof radar_table / sizeof *radar_table;
        return radar_table;
    default:
        *count = 0;
        return NULL;
    }
}

static bool given(const bcue_config *config, const char *setting)
{
    char key[64];
    const size_t size = strcspn(setting, "=");
    memcpy(key, setting, size);
    key[size] = '\0';
    return bcue_config_given(config, key);
}

/* Whoever gives the radar's bins wants maps of that size. */
static bool is_moot(const bcue_config *config, const char *setting)
{
    static const char shrink[] = "features.radar.shrink=";
    return strncmp(setting, shrink, sizeof shrink - 1) == 0 &&
           bcue_config_given(config, "features.radar.width");
}

bcue_status bcue_model_preset_settings(const bcue_model_config *model, const bcue_config *config,
                                       const char ***settings, size_t *count, bcue_error *error)
{
    size_t lines;
    const preset_line *of_kind = lines_of(model, &lines);
    *count = 0;
    *settings = bcue_calloc(lines, sizeof **settings);
    if (*settings == NULL)
        return bcue_fail_memory(error, "the configuration");
    for (size_t i = 0; i < lines; i++) {
        const char *setting = of_kind[i].setting[model->preset];
        if ((of_kind[i].needed == ANY || bcue_model_needs(model, (bcue_model_input)of_kind[i].needed)) &&
            !given(config, setting) && !is_moot(config, setting))
            (*settings)[(*count)++] = setting;
    }
    return BCUE_OK;
}
