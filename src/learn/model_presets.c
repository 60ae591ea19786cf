#include "learn/model_presets.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

enum { PRESETS = 4, ANY = BCUE_INPUT_COUNT };

/* In the order of bcue_model_preset_names: full, edge, small, tiny. */
static const struct {
    int needed; /* bcue_model_input that the line is about */
    const char *setting[PRESETS];
} table[] = {
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
    PICTURE(BCUE_INPUT_RADAR, "radar"),
    {ANY, {"model.width=64", "model.width=64", "model.width=16", "model.width=8"}},
    {ANY,
     {"model.camera_depth=34", "model.camera_depth=34", "model.camera_depth=34", "model.camera_depth=18"}},
    {ANY, {"model.blocks=8", "model.blocks=8", "model.blocks=8", "model.blocks=2"}},
    {ANY, {"model.anchors=8", "model.anchors=8", "model.anchors=4", "model.anchors=4"}},
    {ANY, {"model.head=[256, 128]", "model.head=[256, 128]", "model.head=[128, 64]", "model.head=[64]"}},
    {ANY, {"model.dropout=0.1", "model.dropout=0.1", "model.dropout=0.1", "model.dropout=0.1"}},
};

static bool given(const bcue_config *config, const char *setting)
{
    char key[64];
    const size_t size = strcspn(setting, "=");
    memcpy(key, setting, size);
    key[size] = '\0';
    return bcue_config_given(config, key);
}

bcue_status bcue_model_preset_settings(const bcue_model_config *model, const bcue_config *config,
                                       const char ***settings, size_t *count, bcue_error *error)
{
    *count = 0;
    *settings = bcue_calloc(sizeof table / sizeof *table, sizeof **settings);
    if (*settings == NULL)
        return bcue_fail_memory(error, "the configuration");
    for (size_t i = 0; model->kind == BCUE_MODEL_BEAMTRANSFUSER && i < sizeof table / sizeof *table; i++) {
        const char *setting = table[i].setting[model->preset];
        if ((table[i].needed == ANY || bcue_model_needs(model, (bcue_model_input)table[i].needed)) &&
            !given(config, setting))
            (*settings)[(*count)++] = setting;
    }
    return BCUE_OK;
}
