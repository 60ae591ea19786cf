/* State dicts for PyTorch, and models as C headers. */
#include <stdlib.h>
#include "base/file.h"
#include "check.h"
#include "exchange/c_header.h"
#include "exchange/torch_weights.h"
#include "exchange_models.h"
#include "tensor/safetensors.h"

#define PATH BCUE_BINARY_DIR "/exchange_torch.safetensors"

static const bcue_exchange_model *named(const char *name)
{
    for (int i = 0; i < bcue_exchange_model_count; i++) {
        if (strcmp(bcue_exchange_models[i].name, name) == 0)
            return &bcue_exchange_models[i];
    }
    return NULL;
}

static bcue_safetensors *written(const char *name, bcue_model_file *model)
{
    bcue_error error = {""};
    bcue_safetensors *file = NULL;
    CHECK_OK(bcue_exchange_model_make(named(name), model, &error), error);
    CHECK_OK(bcue_torch_write_weights(PATH, model, &error), error);
    CHECK_OK(bcue_safetensors_open(PATH, &file, &error), error);
    return file;
}

static void holds(const bcue_safetensors *file, const bcue_model_file *model, const char *torch,
                  const char *own)
{
    const bcue_tensor *found = bcue_safetensors_find(file, torch);
    CHECK_AT(found != NULL, "no tensor '%s'", torch);
    for (int32_t i = 0; found != NULL && i < model->weights.count; i++) {
        if (strcmp(model->weights.names[i], own) != 0)
            continue;
        const bcue_tensor *expected = &model->weights.tensors[i];
        CHECK(bcue_shape_equal(&found->shape, &expected->shape));
        CHECK(memcmp(found->data, expected->data, bcue_tensor_size(expected)) == 0);
        return;
    }
    CHECK_AT(found == NULL, "the model has no '%s'", own);
}

/* torchvision's resnet18().state_dict() has 122 entries, 20 of them counters. */
static void torchvision_names(void)
{
    bcue_model_file model;
    bcue_safetensors *file = written("resnet18", &model);
    CHECK_INT(bcue_safetensors_count(file), 122);
    holds(file, &model, "conv1.weight", "camera.conv1.weight");
    holds(file, &model, "bn1.running_var", "camera.bn1.running_var");
    holds(file, &model, "layer4.1.bn2.weight", "camera.layer4.1.bn2.weight");
    holds(file, &model, "layer2.0.downsample.0.weight", "camera.layer2.0.downsample.0.weight");
    holds(file, &model, "fc.weight", "head.weight");
    holds(file, &model, "fc.bias", "head.bias");
    size_t counters = 0;
    for (size_t i = 0; i < bcue_safetensors_count(file); i++) {
        const bcue_tensor *tensor = bcue_safetensors_tensor(file, i);
        if (strstr(bcue_safetensors_name(file, i), "num_batches_tracked") != NULL) {
            CHECK(tensor->dtype == BCUE_I64 && tensor->shape.rank == 0);
            counters++;
        }
    }
    CHECK_INT(counters, 20);
    CHECK(bcue_safetensors_find(file, "layer1.0.bn1.num_batches_tracked") != NULL);
    CHECK_STR(bcue_safetensors_metadata(file, "format"), "pt");
    bcue_safetensors_close(file);
    bcue_model_file_free(&model);
}

static void public_fuser_names(void)
{
    bcue_model_file model;
    bcue_safetensors *file = written("beamtransfuser", &model);
    holds(file, &model, "encoder.image_encoder.features.conv1.weight", "camera.conv1.weight");
    holds(file, &model, "encoder.lidar_encoder._model.layer4.1.bn2.bias", "lidar.layer4.1.bn2.bias");
    holds(file, &model, "encoder.radar_encoder._model.bn1.running_mean", "radar.bn1.running_mean");
    holds(file, &model, "encoder.transformer3.blocks.1.attn.key.weight", "fusion.3.blocks.1.attn.key.weight");
    holds(file, &model, "encoder.transformer4.pos_emb", "fusion.4.pos_emb");
    holds(file, &model, "encoder.vel_emb2.weight", "gps.2.weight");
    holds(file, &model, "join.2.bias", "head.2.bias");
    bcue_safetensors_close(file);
    bcue_model_file_free(&model);
}

static void other_names_stay(void)
{
    bcue_model_file model;
    bcue_safetensors *file = written("fusion-gru", &model);
    holds(file, &model, "gru.weight_ih_l0", "gru.weight_ih_l0");
    holds(file, &model, "camera.layer1.0.conv1.weight", "camera.layer1.0.conv1.weight");
    bcue_safetensors_close(file);
    bcue_error error = {""};
    model.config.kind = BCUE_MODEL_CONSTANT;
    CHECK_STATUS(bcue_torch_write_weights(PATH, &model, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "constant is a table");
    bcue_model_file_free(&model);
    (void)remove(PATH);
}

/* Every byte comes back from the text of the header. */
static void header_bytes(void)
{
    bcue_error error = {""};
    bcue_text out = {0};
    uint8_t bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)(255 - i);
    CHECK_OK(bcue_c_header_encode("x/my-model.v2.h", "a*/b.safetensors", bytes, sizeof bytes, &out, &error),
             error);
    CHECK_CONTAINS(out.data, "static const unsigned char my_model[256] = {");
    CHECK_CONTAINS(out.data, "bcue_model_open_memory(my_model, sizeof my_model, ");
    CHECK(strstr(out.data, "*/b") == NULL);
    const char *at = strchr(out.data, '{') + 1;
    for (int i = 0; i < 256; i++) {
        char *end;
        CHECK_INT(strtol(at, &end, 10), bytes[i]);
        CHECK(*end == ',');
        at = end + 1;
    }
    bcue_text_free(&out);
    CHECK_OK(bcue_c_header_encode("3.h", "m", bytes, 1, &out, &error), error);
    CHECK_CONTAINS(out.data, "char model_3[1]");
    bcue_text_free(&out);
    CHECK_STATUS(bcue_c_header_encode("3.h", "big", bytes, BCUE_C_HEADER_MOST + 1, &out, &error),
                 BCUE_ERROR_UNSUPPORTED);
    CHECK_STR(
        error.text,
        "big: has 2000001 bytes, a header holds at most 2000000; take a smaller model, or load the file");
}

int main(void)
{
    RUN(torchvision_names);
    RUN(public_fuser_names);
    RUN(other_names_stay);
    RUN(header_bytes);
    return check_summary();
}
