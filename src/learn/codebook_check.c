#include "learn/codebook_check.h"

#include "base/fail.h"
#include "base/report_hooks.h"
#include "models/codebook_note.h"
#include "tensor/safetensors.h"

bcue_status bcue_codebook_check(const char *path, const char *note, const bcue_dataset *dataset,
                                bcue_error *error)
{
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    const char *source, *other;
    bcue_codebook_note_mark(note, mark);
    if (mark[0] == '\0' || bcue_dataset_allows_other_codebook(dataset) ||
        (other = bcue_dataset_codebook_unlike(dataset, mark, &source)) == NULL)
        return BCUE_OK;
    return bcue_fail(
        error, BCUE_ERROR_DATA,
        "%s: was trained for the codebook %s, the recordings of %s have the codebook %s, so a beam "
        "number means another beam there; train a model for them, or let it through with "
        "data.other_codebook=true",
        path, mark, source, other);
}

void bcue_codebook_tell(const char *path, const char *note, const bcue_dataset *dataset,
                        const bcue_hooks *hooks)
{
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    const char *source, *other;
    bcue_codebook_note_mark(note, mark);
    other = bcue_dataset_codebook_unlike(dataset, mark, &source);
    if (mark[0] == '\0' && other != NULL)
        bcue_log(
            hooks, BCUE_LOG_INFO,
            "%s: does not say which codebook it was trained for (the recordings of %s have %s); only the "
            "number of beams was compared",
            path, source, other);
    else if (mark[0] != '\0' && other != NULL && bcue_dataset_allows_other_codebook(dataset))
        bcue_log(hooks, BCUE_LOG_WARNING, "%s: was trained for the codebook %s, the recordings of %s have %s",
                 path, mark, source, other);
    else if (mark[0] != '\0' && other == NULL && bcue_dataset_codebook(dataset) == NULL)
        bcue_log(
            hooks, BCUE_LOG_INFO,
            "%s: was trained for the codebook %s, the recordings do not say theirs; only the number of beams "
            "was compared",
            path, mark);
}

void bcue_codebook_tell_file(const char *path, const bcue_dataset *dataset, const bcue_hooks *hooks)
{
    bcue_safetensors *file;
    if (bcue_safetensors_open(path, &file, NULL) != BCUE_OK)
        return;
    const char *note = bcue_safetensors_metadata(file, "beamcue.codebook");
    if (note != NULL)
        bcue_codebook_tell(path, note, dataset, hooks);
    bcue_safetensors_close(file);
}
