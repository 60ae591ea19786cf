/* Which codebook recordings have: what the codebook.json of a simulation says, and what becomes of it. */
#include "check.h"
#include "open_text.h"

#include "base/json.h"
#include "dataset/export.h"

#include "fabricate.h"

enum { ROWS = 3 };
#define ONE "0123456789abcdef"
#define OTHER "fedcba9876543210"

static void make_recording(const char *name, const char *codebooks)
{
    bcue_text table = {0};
    char file[64];
    fabricate_begin(name);
    bcue_text_puts(&table, "index,unit1_pwr_60ghz,unit3_pwr_60ghz,seq_index\n");
    for (int i = 0; i < ROWS; i++) {
        snprintf(file, sizeof file, "power/%d.txt", i);
        fabricate_power(file, 8, i);
        bcue_text_printf(&table, "%d,%s,%s,1\n", i + 1, file, file);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
    if (codebooks != NULL)
        fabricate_text("codebook.json", codebooks);
}

/* The folder as a source of 8 beams; `more` for `data`, `source` for the source. */
static bcue_status open_one(const char *more, const char *source, test_opened *t)
{
    char yaml[4000];
    snprintf(yaml, sizeof yaml, "data: {beams: 8%s, sources: [{root: \"%s\"%s}]}\n", more, fabricate_root,
             source);
    return test_open(yaml, NULL, t);
}

static void expect(const char *more, const char *source, const char *mark)
{
    test_opened t;
    CHECK_OK(open_one(more, source, &t), t.error);
    const char *found = t.dataset != NULL ? bcue_dataset_codebook(t.dataset) : NULL;
    CHECK_STR(found != NULL ? found : "unknown", mark);
    test_close(&t);
}

/* What about.json of exported samples says; "unknown" for null. */
static void expect_exported(const char *mark)
{
    test_opened t;
    bcue_error error = {""};
    bcue_feature_config features = {0};
    char folder[1100], path[1200];
    snprintf(folder, sizeof folder, "%s/exported", fabricate_root);
    snprintf(path, sizeof path, "%s/about.json", folder);
    CHECK_OK(open_one("", "", &t), t.error);
    if (t.dataset != NULL) {
        CHECK_OK(bcue_dataset_export(t.dataset, NULL, &features, folder, NULL, &error), error);
        json_t *about = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
        const json_t *codebook = json_object_get(about, "codebook");
        CHECK(codebook != NULL);
        CHECK_STR(json_is_null(codebook) ? "unknown" : json_string_value(codebook), mark);
        json_decref(about);
    }
    test_close(&t);
}

static void one_codebook(void)
{
    make_recording("codebook", NULL);
    expect("", "", "unknown");
    expect_exported("unknown");
    make_recording("codebook", "{\"scenes\": [{\"scene\": \"a\", \"hash\": \"" ONE "\"},"
                               " {\"scene\": \"b\", \"hash\": \"" ONE "\"}]}");
    expect("", "", ONE);
    expect_exported(ONE);
    expect(", beam_step: 2", "", ONE "/2");
    expect("", ", reverse_beams: true", ONE "-reversed");
    expect(", beam_step: 4", ", reverse_beams: true", ONE "/4-reversed");
    /* The file speaks of the beams of the first roadside unit. */
    expect("", ", columns: {unit1_pwr_60ghz: unit3_pwr_60ghz}", "unknown");
}

static void several_codebooks(void)
{
    test_opened t;
    const char *source = NULL, *unlike;
    make_recording("codebooks", "{\"scenes\": [{\"hash\": \"" ONE "\"}, {\"hash\": \"" OTHER "\"}]}");
    expect("", "", "unknown");
    expect_exported("unknown");
    CHECK_OK(open_one("", ", name: both", &t), t.error);
    unlike = bcue_dataset_codebook_unlike(t.dataset, ONE, &source);
    CHECK_STR(unlike != NULL ? unlike : "none", OTHER);
    CHECK_STR(source != NULL ? source : "none", "both");
    unlike = bcue_dataset_codebook_unlike(t.dataset, OTHER, NULL);
    CHECK_STR(unlike != NULL ? unlike : "none", ONE);
    test_close(&t);
}

/* Two recordings of which one says nothing: the codebook of all is not known, that of one still is. */
static void one_of_two(void)
{
    test_opened t;
    char first[1024], yaml[4000];
    make_recording("codebook_known", "{\"scenes\": [{\"hash\": \"" ONE "\"}]}");
    snprintf(first, sizeof first, "%s", fabricate_root);
    make_recording("codebook_unknown", NULL);
    snprintf(yaml, sizeof yaml, "data: {beams: 8, sources: [{root: \"%s\"}, {root: \"%s\"}]}\n",
             fabricate_root, first);
    CHECK_OK(test_open(yaml, NULL, &t), t.error);
    CHECK(bcue_dataset_codebook(t.dataset) == NULL);
    CHECK(bcue_dataset_codebook_unlike(t.dataset, ONE, NULL) == NULL);
    CHECK_STR(bcue_dataset_codebook_unlike(t.dataset, OTHER, NULL), ONE);
    test_close(&t);
}

static void damage_is_said(void)
{
    static const char *const damaged[] = {"",
                                          "{\"scenes\": 3}",
                                          "[1]",
                                          "{\"scenes\": [",
                                          "{\"scenes\": [{\"hash\": \"0123\"}]}",
                                          "{\"scenes\": [{\"hash\": \"0123456789ABCDEF\"}]}",
                                          "{\"scenes\": [{}]}"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        test_opened t;
        make_recording("codebook_damaged", damaged[i]);
        CHECK_STATUS(open_one("", "", &t), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(t.error.text, "/codebook.json: ");
        CHECK_CONTAINS(t.error.text, "remove the file, and the codebook counts as unknown");
        test_close(&t);
    }
}

int main(void)
{
    RUN(one_codebook);
    RUN(several_codebooks);
    RUN(one_of_two);
    RUN(damage_is_said);
    return check_summary();
}
