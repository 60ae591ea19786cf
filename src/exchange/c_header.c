#include "exchange/c_header.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"

enum { PER_LINE = 24, NAME_SIZE = 64 };

/* "out/position-model.h": "position_model". */
static void name_of(const char *header_path, char name[NAME_SIZE])
{
    const char *base = bcue_path_basename(header_path);
    size_t size = strcspn(base, ".");
    if (size == 0 || isdigit((unsigned char)base[0])) {
        snprintf(name, NAME_SIZE, "model_%.*s", (int)(size < 48 ? size : 48), base);
        size = strlen(name);
    } else {
        size = size < NAME_SIZE - 1 ? size : NAME_SIZE - 1;
        memcpy(name, base, size);
        name[size] = '\0';
    }
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)name[i];
        name[i] = c < 128 && isalnum(c) ? (char)c : '_';
    }
}

/* A file name in a comment must not end it. */
static void put_comment(bcue_text *out, const char *source)
{
    for (; *source != '\0'; source++) {
        const char c = *source == '*' || *source == '\\' || (unsigned char)*source < 32 ? '?' : *source;
        bcue_text_append(out, &c, 1);
    }
}

bcue_status bcue_c_header_encode(const char *header_path, const char *source, const void *data, size_t size,
                                 bcue_text *out, bcue_error *error)
{
    const uint8_t *bytes = data;
    char name[NAME_SIZE];
    if (size > BCUE_C_HEADER_MOST)
        return bcue_fail(
            error, BCUE_ERROR_UNSUPPORTED,
            "%s: has %zu bytes, a header holds at most %d; take a smaller model, or load the file", source,
            size, (int)BCUE_C_HEADER_MOST);
    name_of(header_path, name);
    bcue_text_puts(out, "/* The model file ");
    put_comment(out, bcue_path_basename(source));
    bcue_text_printf(out,
                     ", written by 'beamcue export --c-header'. Open with\n"
                     "   bcue_model_open_memory(%s, sizeof %s, \"%s\", &model, &error). */\n"
                     "#ifndef BEAMCUE_EMBEDDED_%s\n#define BEAMCUE_EMBEDDED_%s\n\n"
                     "static const unsigned char %s[%zu] = {",
                     name, name, name, name, name, name, size);
    for (size_t i = 0; i < size; i++)
        bcue_text_printf(out, "%s%d,", i % PER_LINE == 0 ? "\n" : "", bytes[i]);
    bcue_text_puts(out, "\n};\n\n#endif\n");
    return out->failed ? bcue_fail_memory(error, header_path) : BCUE_OK;
}

bcue_status bcue_c_header_write(const char *header_path, const char *model_path, bcue_error *error)
{
    bcue_mapping file;
    bcue_text out = {0};
    BCUE_TRY(bcue_file_map(model_path, &file, error));
    bcue_status status = bcue_c_header_encode(header_path, model_path, file.data, file.size, &out, error);
    bcue_file_unmap(&file);
    if (status == BCUE_OK)
        status = bcue_file_write(header_path, out.data, out.size, error);
    bcue_text_free(&out);
    return status;
}
